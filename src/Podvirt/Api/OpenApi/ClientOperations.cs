using System.Text.Json.Nodes;

namespace Podvirt.Api.OpenApi;

/// <summary>The paths of the API for clients. Their bodies are OpenAI's and go to the engine as they come, so no schema narrows them.</summary>
internal static class ClientOperations
{
    public static void AddTo(SortedDictionary<string, JsonObject> paths)
    {
        Add(paths, "/v1/chat/completions", "post", "Answer a conversation, streamed or whole");
        Add(paths, "/v1/completions", "post", "Complete a text, streamed or whole");
        Add(paths, "/v1/embeddings", "post", "Turn texts into vectors");
        Add(paths, "/v1/rerank", "post", "Put documents in the order of how near they are to a query");
        Add(paths, "/v1/score", "post", "Say how near texts are to each other");
        Add(paths, "/v1/audio/speech", "post", "Speak a text", "audio/*", new JsonObject { ["type"] = "string", ["format"] = "binary" });
        Add(paths, "/tokenize", "post", "Turn a text or a conversation into tokens");
        Add(paths, "/detokenize", "post", "Turn tokens into their text");
        Add(paths, "/v1/models", "get", "List the models");
        Add(paths, "/v1/models/{id}", "get", "Show one model");
    }

    private static void Add(SortedDictionary<string, JsonObject> paths, string path, string method, string summary, string answer = "application/json", JsonObject? schema = null)
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
                    ["content"] = OpenApiDocument.Content(answer, schema ?? new JsonObject { ["type"] = "object" }),
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
                ["content"] = OpenApiDocument.Content("application/json", new JsonObject { ["type"] = "object" }),
            };
        }
        paths[path] = new JsonObject { [method] = operation };
    }
}
