"""What an execution means, in words a person would use. Pure: no network, no clock, no MCP.

The data flows `tasks.survey` (one pass over the task list), `counts`, `failures` with `causes`, `timing` and
`doubts`, which `execution.summarize` joins into one value; `text.render` puts it into prose and
`answer.build_answer` into the object that travels, both within the budgets of `limits`. `raw` decides what of the
API's own JSON goes with it. Text that comes from the API passes `clean` on its way out, and nowhere else.
"""
