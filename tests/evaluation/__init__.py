"""Questions to an assistant that has this server's tools, and what the assistant's answers are worth.

`python -m tests.evaluation --help` runs it against a model; docs/evaluation.md describes it. Who may import whom:
`denial` nobody, `scoring` it, `questions` that, `apis` nobody, `loop` these; `workspaces` serves what is
asked about, `run` asks all.
"""
