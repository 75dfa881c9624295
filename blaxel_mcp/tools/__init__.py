"""The tools, a file each, and what they share; `registry` knows which there are."""
