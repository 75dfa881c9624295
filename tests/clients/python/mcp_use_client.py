"""mcp-use's agent, as its documentation shows it, with a scripted model of LangChain."""

import asyncio

from client_task import TASK, report
from langchain_model import ScriptedModel
from mcp_use import MCPAgent, MCPClient

SERVER = (
    {"command": TASK["command"], "args": TASK["args"]}
    if TASK["transport"] == "stdio"
    else {"url": TASK["url"], "transport": {"http": "http", "sse": "sse"}[TASK["transport"]]}
)


async def main() -> None:
    """List, ask and tell."""
    client = MCPClient.from_dict({"mcpServers": {"blaxel": SERVER}})
    model = ScriptedModel()
    agent = MCPAgent(llm=model, client=client, max_steps=30)
    await agent.run("How are my jobs?")
    await client.close_all_sessions()
    report(model.offered, model.given)


asyncio.run(main())
