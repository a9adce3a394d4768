"""Large files (LFS): permission to upload, in the form of a signed link that expires, and the upload itself.

The client sends no token with an upload, so the link alone says who may send what, and until when.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from finetune.hub.server.access import Access, json_body
from finetune.hub.server.blobs import Blobs
from finetune.hub.server.names import Refusal, checked_sha256
from finetune.hub.server.repositories import Repositories

LINK_SECONDS = 3600
MAX_OBJECT_BYTES = 100_000_000_000


class Lfs:
    """Uploads of large files. Links made before a restart are void: the key that signs them is never stored."""

    def __init__(self, access: Access, repositories: Repositories, blobs: Blobs, clock: Callable[[], float]) -> None:
        self._access, self._repositories, self._blobs, self._clock = access, repositories, blobs, clock
        self._key = secrets.token_bytes(32)

    def routes(self) -> list[Route]:
        """The routes of this part."""
        return [
            Route("/{namespace}/{name}.git/info/lfs/objects/batch", self.batch, methods=["POST"]),
            Route("/{kind}/{namespace}/{name}.git/info/lfs/objects/batch", self.batch, methods=["POST"]),
            Route("/lfs/{namespace}/{sha256}", self.upload, methods=["PUT"]),
        ]

    async def batch(self, request: Request) -> Response:
        """A link for each object that the namespace has not sent before."""
        self._access.writable(request)
        wanted = (await json_body(request)).get("objects")
        if not isinstance(wanted, list):
            raise Refusal(400, "a list of objects is expected")
        objects = [self._object(request, item) for item in wanted]
        return JSONResponse({"transfer": "basic", "objects": objects}, media_type="application/vnd.git-lfs+json")

    async def upload(self, request: Request) -> Response:
        """The content behind a link."""
        namespace, sha256 = request.path_params["namespace"], checked_sha256(request.path_params["sha256"])
        size, expires = request.query_params.get("size", ""), request.query_params.get("expires", "")
        signature = self._signature(namespace, sha256, size, expires)
        if not hmac.compare_digest(signature.encode(), request.query_params.get("signature", "").encode()):
            raise Refusal(403, "this link was not made by this hub")
        if self._clock() > int(expires):
            raise Refusal(403, "this link has expired")
        await self._blobs.receive(request.stream(), sha256=sha256, size=int(size))
        self._repositories.note_upload(namespace, sha256)
        return Response()

    def _object(self, request: Request, item: object) -> dict[str, object]:
        if not isinstance(item, dict) or type(item.get("size")) is not int:
            raise Refusal(400, "an object has an oid and a size")
        sha256, size = checked_sha256(item.get("oid")), item["size"]
        if not 0 <= size <= MAX_OBJECT_BYTES:
            raise Refusal(413, f"an object has at most {MAX_OBJECT_BYTES:,} bytes")
        answer: dict[str, object] = {"oid": sha256, "size": size}
        namespace = request.path_params["namespace"]
        if not self._repositories.has_uploaded(namespace, sha256):
            expires = str(int(self._clock()) + LINK_SECONDS)
            signature = self._signature(namespace, sha256, str(size), expires)
            query = urlencode({"size": size, "expires": expires, "signature": signature})
            link = f"{str(request.base_url).rstrip('/')}/lfs/{namespace}/{sha256}?{query}"
            answer["actions"] = {"upload": {"href": link, "header": {}}}
        return answer

    def _signature(self, *fields: str) -> str:
        return hmac.new(self._key, "\n".join(fields).encode(), hashlib.sha256).hexdigest()
