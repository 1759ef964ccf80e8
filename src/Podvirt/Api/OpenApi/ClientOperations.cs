using System.Text.Json.Nodes;

namespace Podvirt.Api.OpenApi;

/// <summary>The paths of the API for clients. Their bodies are OpenAI's or Anthropic's and go to the engine as they come, so no schema narrows them.</summary>
internal static class ClientOperations
{
    public static void AddTo(SortedDictionary<string, JsonObject> paths)
    {
        Add(paths, "/v1/chat/completions", "post", "Answer a conversation, streamed or whole");
        Add(paths, "/v1/completions", "post", "Complete a text, streamed or whole");
        Add(paths, "/v1/embeddings", "post", "Turn texts into vectors");
        Add(paths, "/v1/responses", "post", "Answer as OpenAI's responses do, streamed or whole");
        Add(paths, "/v1/responses/{id}", "get", "Show a response that its engine keeps");
        Add(paths, "/v1/responses/{id}/cancel", "post", "Cancel a response that its engine keeps", hasBody: false);
        Add(paths, "/v1/messages", "post", "Answer as Anthropic's messages do, streamed or whole");
        Add(paths, "/v1/messages/count_tokens", "post", "Count the tokens of messages");
        Add(paths, "/v1/rerank", "post", "Put documents in the order of how near they are to a query");
        Add(paths, "/v1/score", "post", "Say how near texts are to each other");
        Add(paths, "/v1/audio/speech", "post", "Speak a text", "audio/*", new JsonObject { ["type"] = "string", ["format"] = "binary" });
        Add(paths, "/tokenize", "post", "Turn a text or a conversation into tokens");
        Add(paths, "/detokenize", "post", "Turn tokens into their text");
        Add(paths, "/v1/models", "get", "List the models");
        Add(paths, "/v1/models/{id}", "get", "Show one model");
    }

    private static void Add(
        SortedDictionary<string, JsonObject> paths, string path, string method, string summary, string answer = "application/json", JsonObject? schema = null, bool hasBody = true)
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
        if (method == "post" && hasBody)
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
