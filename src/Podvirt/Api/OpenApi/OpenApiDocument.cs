using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Podvirt.Api.OpenApi;

/// <summary>
/// The OpenAPI 3.1 description of <c>/api</c> and <c>/v1</c>, made of what the endpoints say of themselves. Schemas are those of
/// the very types that are written and read.
/// </summary>
internal static partial class OpenApiDocument
{
    private static readonly JsonSerializerOptions _schemas = new(ApiJson.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private static readonly JsonSchemaExporterOptions _exporter = new() { TreatNullObliviousAsNonNullable = true };

    public static JsonObject Build(IEnumerable<Endpoint> endpoints)
    {
        var paths = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var endpoint in endpoints.OfType<RouteEndpoint>())
        {
            var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
            foreach (var operation in endpoint.Metadata.GetOrderedMetadata<ApiOperation>())
            {
                var path = operation.Path ?? CatchAll().Replace("/" + (endpoint.RoutePattern.RawText ?? "").TrimStart('/'), "{");
                var item = paths.TryGetValue(path, out var known) ? known : paths[path] = [];
                foreach (var method in methods)
                {
                    item[method.ToLowerInvariant()] = Operation(path, operation);
                }
            }
        }
        ClientOperations.AddTo(paths);
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Podvirt", ["version"] = "v1" },
            ["paths"] = new JsonObject(paths.Select(p => KeyValuePair.Create<string, JsonNode?>(p.Key, p.Value))),
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject { ["Error"] = Schema(ApiJson.ErrorType) },
                ["securitySchemes"] = new JsonObject
                {
                    ["admin"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "The admin token." },
                    ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "A project's API key." },
                },
            },
        };
    }

    public static JsonNode Schema(Type type) => _schemas.GetJsonSchemaAsNode(type, _exporter);

    /// <summary>The parameters that stand in a path, in braces.</summary>
    public static IEnumerable<JsonNode?> PathParameters(string path) => Parameter().Matches(path).Select(match => new JsonObject
    {
        ["name"] = match.Groups["name"].Value,
        ["in"] = "path",
        ["required"] = true,
        ["schema"] = new JsonObject { ["type"] = "string" },
    });

    public static JsonObject Refusal(string description) => new()
    {
        ["description"] = description,
        ["content"] = Content("application/json", new JsonObject { ["$ref"] = "#/components/schemas/Error" }),
    };

    public static JsonObject Content(string type, JsonNode schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    public static JsonArray Security(string scheme) => [new JsonObject { [scheme] = new JsonArray() }];

    private static JsonObject Operation(string path, ApiOperation operation)
    {
        var described = new JsonObject { ["summary"] = operation.Summary, ["security"] = operation.IsOpen ? new JsonArray() : Security("admin") };
        JsonNode?[] parameters = [.. PathParameters(path), .. operation.Query.Select(Query)];
        if (parameters.Length > 0)
        {
            described["parameters"] = new JsonArray(parameters);
        }
        if (operation.Body is not null || operation.BodyContentType is not null)
        {
            described["requestBody"] = new JsonObject
            {
                ["required"] = true,
                ["content"] = operation.Body is { } body
                    ? Content("application/json", Schema(body))
                    : Content(operation.BodyContentType!, new JsonObject { ["type"] = "string" }),
            };
        }
        var answer = new JsonObject { ["description"] = "Done." };
        if (operation.Answer is { } type)
        {
            answer["content"] = Content("application/json", Schema(type));
        }
        else if (operation.ContentType is { } contentType)
        {
            answer["content"] = Content(contentType, new JsonObject { ["type"] = "string" });
        }
        var responses = new JsonObject { [Text(operation.Status)] = answer };
        foreach (var refusal in operation.IsOpen ? operation.Refusals : [StatusCodes.Status401Unauthorized, .. operation.Refusals])
        {
            responses[Text(refusal)] = Refusal("Refused; the error says why.");
        }
        described["responses"] = responses;
        return described;
    }

    private static JsonObject Query(ApiParam parameter) => new()
    {
        ["name"] = parameter.Name,
        ["in"] = "query",
        ["description"] = parameter.Description,
        ["schema"] = new JsonObject { ["type"] = parameter.Type },
    };

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\{\*+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CatchAll();

    [GeneratedRegex(@"\{(?<name>\w+)\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameter();
}
