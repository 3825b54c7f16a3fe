"""The server: tools, resources and the prompt over one desk, whatever carries the messages."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

import mcp_types as types
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from seedbed.core.errors import InputError, SeedbedError, UnknownNameError
from seedbed.core.version import __version__
from seedbed.frontends.cli.failures import as_failure
from seedbed.frontends.mcp import changing, generating, looking, resources, reviewing, writing
from seedbed.frontends.mcp.desk import Caller, Desk
from seedbed.frontends.mcp.tool import Call, Tool

TOOLS = (*writing.TOOLS, *looking.TOOLS, *reviewing.TOOLS, *changing.TOOLS, *generating.TOOLS)
"""All tools, in the order of use."""

SESSION_HEADER = "mcp-session-id"
COMPLETE = {"resultType": "complete"}
"""Of every result of a tool; the SDK leaves it out for clients that do not know it."""

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")

Context = ServerRequestContext[Any, Any]


def session_name(session_id: str) -> str:
    """What the history calls a connection that has an id of the transport's."""
    return f"mcp-{_NOT_A_NAME.sub('', session_id)[:16]}"


class SeedbedServer:
    """Answers clients of one desk.

    Args:
        desk: open.
        actor: who everybody is; default each client's own name.

    Attributes:
        app: the server as the SDK runs it.
    """

    def __init__(self, desk: Desk, *, actor: str | None = None) -> None:
        self._desk, self._actor = desk, actor
        self._session = f"mcp-{secrets.token_hex(6)}"
        self._tools = {t.name: t for t in TOOLS if desk.writable or t.access != "writes"}
        self.app: Server[Any] = Server(
            "seedbed",
            version=__version__,
            title="Seedbed",
            instructions=resources.INSTRUCTIONS,
            get_tool_input_schema=lambda name: None,  # no argument is a header as well; else tools are listed each call
            on_list_tools=self._list_tools,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
        )
        # Not as on_call_tool: that one has to build a model, which the SDK only takes apart again.
        self.app.add_request_handler("tools/call", types.CallToolRequestParams, self._call_tool)

    def caller(self, context: Context) -> Caller:
        """Who asks: the client's name, and its connection; without one, the client's sitting at this server."""
        told = context.session.client_params
        name = _NOT_A_NAME.sub("-", told.client_info.name).strip("-.")[:60] if told is not None else ""
        name = name or "mcp"
        session = self._session
        if context.request is not None:
            given = context.request.headers.get(SESSION_HEADER)
            session = session_name(given) if given else f"{self._session}-{name}"
        return Caller(self._actor or f"agent:{name}", session)

    # -- tools -------------------------------------------------------------------------------------------------

    async def _list_tools(self, context: Context, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in self._tools.values()])

    async def _call_tool(self, context: Context, params: types.CallToolRequestParams) -> dict[str, Any]:
        async def progress(done: float, message: str) -> None:
            await context.session.report_progress(done, message=message)

        try:
            tool = self._tool(params.name)
            asked = tool.parse(params.arguments or {})
            found = await tool.act(Call(self._desk, self.caller(context), progress), asked)
        except (SeedbedError, OSError) as error:
            text, _ = wire(as_failure(error).to_dict())
            return {**COMPLETE, "content": [{"type": "text", "text": text}], "isError": True}
        text, value = wire(found)
        return {**COMPLETE, "content": [{"type": "text", "text": text}], "structuredContent": value}

    def _tool(self, name: str) -> Tool:
        if name in self._tools:
            return self._tools[name]
        if any(tool.name == name for tool in TOOLS):
            raise InputError(f"{name} writes, and the dataset is only read here", code="read_only")
        raise UnknownNameError("tool", name, self._tools)

    # -- resources and the prompt ------------------------------------------------------------------------------

    async def _list_resources(self, context: Context, params: Any) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[types.Resource(**row) for row in resources.listing()])

    async def _list_templates(self, context: Context, params: Any) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            uri_template=f"{resources.GUIDE}{{name}}/{{+topic}}",
            name="guide for a topic",
            description="A guide narrowed to one topic path.",
            mime_type=resources.MARKDOWN,
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def _read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        try:
            text, mime = await self._desk.run(lambda dataset: resources.read(dataset, str(params.uri)))
        except (SeedbedError, OSError) as error:
            raise _protocol_error(error) from error
        content = types.TextResourceContents(uri=params.uri, text=printable(text), mime_type=mime)
        return types.ReadResourceResult(contents=[content])

    async def _list_prompts(self, context: Context, params: Any) -> types.ListPromptsResult:
        asked = [
            types.PromptArgument(name="n", description="Entries wanted in this sitting; default 20.", required=False),
            types.PromptArgument(name="topic", description="Only this topic path and below.", required=False),
        ]
        about = "Grow the dataset: the loop of next, write and submit."
        return types.ListPromptsResult(prompts=[types.Prompt(name="grow", description=about, arguments=asked)])

    async def _get_prompt(self, context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        if params.name != "grow":
            raise _protocol_error(UnknownNameError("prompt", params.name, ["grow"]))
        given = params.arguments or {}
        said = types.TextContent(text=printable(resources.grow(given.get("n"), given.get("topic"))))
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=said)])


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.about,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.access == "reads",
            destructive_hint=tool.destructive,
            idempotent_hint=tool.access == "reads" or tool.name == "submit",
            open_world_hint=tool.name == "generate",
        ),
    )


def _protocol_error(error: SeedbedError | OSError) -> MCPError:
    failure = as_failure(error)
    _, data = wire(failure.to_dict())
    return MCPError(code=types.INVALID_PARAMS, message=printable(failure.message), data=data)


def wire(value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """``value`` as compact JSON text and as the value that it says; half characters are replaced in both."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    whole = printable(text)
    return whole, value if whole is text else json.loads(whole)


def printable(text: str) -> str:
    """``text`` that UTF-8 has room for: halves of surrogate pairs become U+FFFD, whole pairs the character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
