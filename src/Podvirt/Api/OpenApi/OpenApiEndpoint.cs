using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;

namespace Podvirt.Api.OpenApi;

/// <summary><c>GET /openapi/v1.json</c>. Shapes only, so that anybody may read it.</summary>
internal sealed class OpenApiEndpoint(AccessGate gate, EndpointDataSource endpoints)
{
    private readonly Lazy<JsonObject> _document = new(() => OpenApiDocument.Build(endpoints.Endpoints));

    public void Map(IEndpointRouteBuilder routes) => gate.Guard(routes.MapGet("/openapi/v1.json", Show), Entry.Open);

    private IResult Show() => Results.Text(_document.Value.ToJsonString(), "application/json");
}
