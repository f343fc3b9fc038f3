"""What applications learn of lwd's models and of its one project."""

from uuid import UUID, uuid4

from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from httpx import AsyncClient

from tests.server.conftest import KEY, MODEL, Server, StartServer

ENTRY = (
    '{"name":"scripted","canonical_name":"whisper-scripted","architecture":"whisper",'
    '"languages":["en","de"],"version":"2026-01-01.0",'
    '"uuid":"00000000-0000-0000-0000-000000000007",'
    '"batch":false,"streaming":true,"formatted_output":false}'
)
LIST = f'{{"stt":[{ENTRY}],"tts":[]}}'
PROJECT_ID = "4190bc8b-a9cf-5c67-9f09-c420e5b9a12c"
PROJECT = f'{{"project_id":"{PROJECT_ID}","name":"lwd"}}'


ANSWERS = {
    "/v1/models": LIST,
    "/v1/models?include_outdated=true": LIST,
    f"/v1/models/{MODEL.uuid}": ENTRY,
    "/v1/models/whisper-scripted": ENTRY,
    "/v1/models/Scripted": ENTRY,
    "/v1/projects": f'{{"projects":[{PROJECT}]}}',
    f"/v1/projects/{PROJECT_ID}": PROJECT,
    f"/v1/projects/{PROJECT_ID.upper()}": PROJECT,
    f"/v1/projects/{PROJECT_ID}/models": LIST,
}
BAD_CHARACTER = (
    "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-zA-Z], found"
)
FAULTS = {
    "project": f"{BAD_CHARACTER} `p` at 1",
    "e345%0A": rf"{BAD_CHARACTER} `\n` at 5",
    "e345-f0": "invalid length: expected length 32 for simple format, found 6",
}


async def test_models_and_projects_to_the_byte(server: Server) -> None:
    """Deepgram's keys in Deepgram's order, and the truth about the models."""
    for path, body in ANSWERS.items():
        response = await server.client.get(path)

        assert response.status == 200
        assert response.headers["Content-Type"] == "application/json"
        assert UUID(response.headers["dg-request-id"])
        assert await response.text() == body


async def test_a_key_can_be_checked(start_server: StartServer) -> None:
    """Many applications ask for the projects to see whether a key is good."""
    server = await start_server(auth__keys=[KEY])

    for path in (*ANSWERS, "/v1/models/unknown", "/v1/projects/no-uuid"):
        refused = await server.client.get(path, headers={"Authorization": "Token wrong"})
        assert refused.status == 401
        assert (await refused.json())["err_code"] == "INVALID_AUTH"

    for path, body in ANSWERS.items():
        answered = await server.client.get(path, headers={"Authorization": f"Token {KEY}"})
        assert await answered.text() == body


async def test_the_published_sdk_understands(server: Server) -> None:
    """Deepgram's own client finds the models and the project."""
    base = str(server.client.make_url(""))
    hosts = DeepgramClientEnvironment(base=base, production=base, agent=base, agent_rest=base)
    async with AsyncClient() as http:
        sdk = AsyncDeepgramClient(api_key=KEY, environment=hosts, httpx_client=http)
        manage = sdk.manage.v1

        models = await manage.models.list(include_outdated=True)
        model = await manage.models.get(MODEL.uuid)
        projects = await manage.projects.list()
        of_project = await manage.projects.models.list(PROJECT_ID)

    assert [model.uuid_ for model in models.stt or []] == [MODEL.uuid]
    assert model.canonical_name == "whisper-scripted"
    assert [project.project_id for project in projects.projects or []] == [PROJECT_ID]
    assert of_project == models


async def test_another_project_is_not_found(server: Server) -> None:
    """Deepgram's body, the only one without a `request_id`."""
    for path in (f"/v1/projects/{uuid4()}", f"/v1/projects/{uuid4()}/models"):
        response = await server.client.get(path)

        assert response.status == 404
        assert await response.text() == (
            '{"err_code":"PROJECT_NOT_FOUND","err_msg":"Project not found."}'
        )
        assert response.headers["dg-error"] == "Project not found."


async def test_a_project_id_that_is_no_uuid(server: Server) -> None:
    """Bare text, as at Deepgram."""
    for project, fault in FAULTS.items():
        response = await server.client.get(f"/v1/projects/{project}")

        assert response.status == 404
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert await response.text() == f"UUID parsing failed: {fault}"
        assert response.headers["dg-error"] == f"UUID parsing failed: {fault}"


async def test_an_unknown_model_is_not_found(server: Server) -> None:
    """Unlike a stream, for which every name means some model."""
    response = await server.client.get("/v1/models/nova-3")
    request_id = response.headers["dg-request-id"]

    assert response.status == 404
    assert await response.text() == (
        f'{{"err_code":"NOT_FOUND","err_msg":"Model not found.","request_id":"{request_id}"}}'
    )
