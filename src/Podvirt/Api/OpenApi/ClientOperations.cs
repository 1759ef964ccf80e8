using System.Text.Json.Nodes;

namespace Podvirt.Api.OpenApi;

/// <summary>The paths of <c>/v1</c>. Their bodies are OpenAI's and go to the engine as they come, so no schema narrows them.</summary>
internal static class ClientOperations
{
    private const string Json = "application/json";

    public static void AddTo(SortedDictionary<string, JsonObject> paths)
    {
        Add(paths, "/v1/chat/completions", "post", "Answer a conversation, streamed or whole");
        Add(paths, "/v1/completions", "post", "Complete a text, streamed or whole");
        Add(paths, "/v1/embeddings", "post", "Turn texts into vectors");
        Add(paths, "/v1/videos", "get", "List the project's videos");
        Add(paths, "/v1/videos", "post", "Have a video made", "multipart/form-data");
        Add(paths, "/v1/videos/sync", "post", "Have a video made, and wait for it", "multipart/form-data", "video/mp4");
        Add(paths, "/v1/videos/{id}", "get", "Show a video and how far it is");
        Add(paths, "/v1/videos/{id}", "delete", "Delete a video; one that is being made is cancelled");
        Add(paths, "/v1/videos/{id}/content", "get", "Download a video, or a range of it", answer: "video/mp4");
        Add(paths, "/v1/models", "get", "List the models");
        Add(paths, "/v1/models/{id}", "get", "Show one model");
    }

    private static void Add(SortedDictionary<string, JsonObject> paths, string path, string method, string summary, string body = Json, string answer = Json)
    {
        var operation = new JsonObject
        {
            ["summary"] = summary,
            ["security"] = OpenApiDocument.Security("key"),
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject
                {
                    ["description"] = "As OpenAI's API answers.",
                    ["content"] = OpenApiDocument.Content(answer, SchemaOf(answer)),
                },
                ["default"] = OpenApiDocument.Refusal("Refused or failed; the error says why."),
            },
        };
        JsonNode?[] parameters = [.. OpenApiDocument.PathParameters(path)];
        if (parameters.Length > 0)
        {
            operation["parameters"] = new JsonArray(parameters);
        }
        if (method == "post")
        {
            operation["requestBody"] = new JsonObject
            {
                ["required"] = true,
                ["content"] = OpenApiDocument.Content(body, SchemaOf(body)),
            };
        }
        if (!paths.TryGetValue(path, out var methods))
        {
            paths[path] = methods = [];
        }
        methods[method] = operation;
    }

    private static JsonObject SchemaOf(string contentType) =>
        contentType == "video/mp4" ? new JsonObject { ["type"] = "string", ["format"] = "binary" } : new JsonObject { ["type"] = "object" };
}
