"""What an execution means, in words a person would use. Pure: no network, no clock, no MCP.

Data flow: `tasks` reads the task list once; `counts`, `failures` (with `causes`), `timing` (with `estimate`),
`warnings` and `next_step` make values of it, which `execution.summarize` joins into one. `text` renders that value as
prose and `answer` as the object of `schema`, each at the first level of `detail` that keeps the budgets of `limits`.
`raw` decides how much of the API's own JSON goes along. Text from the API passes through `clean` on its way out.
"""
