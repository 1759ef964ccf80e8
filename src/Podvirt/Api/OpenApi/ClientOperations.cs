using System.Text.Json.Nodes;

namespace Podvirt.Api.OpenApi;

/// <summary>The paths of the API for clients. Their bodies are OpenAI's or Anthropic's and go to the engine as they come, so no schema narrows them.</summary>
internal static class ClientOperations
{
    private const string Json = "application/json";

    public static void AddTo(SortedDictionary<string, JsonObject> paths)
    {
        Add(paths, "/v1/chat/completions", "post", "Answer a conversation, streamed or whole");
        Add(paths, "/v1/completions", "post", "Complete a text, streamed or whole");
        Add(paths, "/v1/embeddings", "post", "Turn texts into vectors");
        Add(paths, "/v1/responses", "post", "Answer as OpenAI's responses do, streamed or whole");
        Add(paths, "/v1/responses/{id}", "get", "Show a response that its engine keeps");
        Add(paths, "/v1/responses/{id}/cancel", "post", "Cancel a response that its engine keeps", body: null);
        Add(paths, "/v1/messages", "post", "Answer as Anthropic's messages do, streamed or whole");
        Add(paths, "/v1/messages/count_tokens", "post", "Count the tokens of messages");
        Add(paths, "/v1/rerank", "post", "Put documents in the order of how near they are to a query");
        Add(paths, "/v1/score", "post", "Say how near texts are to each other");
        Add(paths, "/v1/audio/speech", "post", "Speak a text", answer: "audio/*");
        Add(paths, "/tokenize", "post", "Turn a text or a conversation into tokens");
        Add(paths, "/detokenize", "post", "Turn tokens into their text");
        Add(paths, "/v1/videos", "get", "List the project's videos");
        Add(paths, "/v1/videos", "post", "Have a video made", "multipart/form-data");
        Add(paths, "/v1/videos/sync", "post", "Have a video made, and wait for it", "multipart/form-data", "video/mp4");
        Add(paths, "/v1/videos/{id}", "get", "Show a video and how far it is");
        Add(paths, "/v1/videos/{id}", "delete", "Delete a video; one that is being made is cancelled");
        Add(paths, "/v1/videos/{id}/content", "get", "Download a video, or a range of it", answer: "video/mp4");
        Add(paths, "/v1/models", "get", "List the models");
        Add(paths, "/v1/models/{id}", "get", "Show one model");
    }

    private static void Add(SortedDictionary<string, JsonObject> paths, string path, string method, string summary, string? body = Json, string answer = Json)
    {
        var operation = new JsonObject
        {
            ["summary"] = summary,
            ["security"] = OpenApiDocument.Security("key"),
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject
                {
                    ["description"] = "As OpenAI's API answers, or Anthropic's for messages.",
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
        if (method == "post" && body is not null)
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
        contentType is "video/mp4" or "audio/*" ? new JsonObject { ["type"] = "string", ["format"] = "binary" } : new JsonObject { ["type"] = "object" };
}
