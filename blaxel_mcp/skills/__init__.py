"""Agent Skills that the server hands out over the MCP extension Skills (SEP-2640).

`blaxel-jobs/` is a skill as the Agent Skills format has it: a folder with a `SKILL.md`, named as the skill is. It can
also be copied as it is to where a client looks for skills of its own. The extension is specified in the repository
modelcontextprotocol/ext-skills, `specification/stable/skills.mdx`.
"""

EXTENSION = "io.modelcontextprotocol/skills"
"""The extension, as the server declares it among its capabilities."""
