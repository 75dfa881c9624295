"""What tests share: a control plane with faults, callers over every transport, builders, the program, sockets."""
