"""LangChain's adapters with an agent, as their documentation shows it; the agent's model is scripted."""

import asyncio

from client_task import TASK, report
from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_model import ScriptedModel

CONNECTION = (
    {"transport": "stdio", "command": TASK["command"], "args": TASK["args"]}
    if TASK["transport"] == "stdio"
    else {"transport": {"http": "http", "sse": "sse"}[TASK["transport"]], "url": TASK["url"]}
)


async def main() -> None:
    """List, ask and tell."""
    client = MultiServerMCPClient({"blaxel": CONNECTION})
    model = ScriptedModel()
    agent = create_agent(model, await client.get_tools())
    await agent.ainvoke({"messages": [{"role": "user", "content": "How are my jobs?"}]})
    report(model.offered, model.given)


asyncio.run(main())
