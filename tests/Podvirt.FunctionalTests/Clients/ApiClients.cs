using Podvirt.FunctionalTests.Clients.DotNet;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>All clients that are tried, in the order of the table.</summary>
internal static class ApiClients
{
    private static readonly Way[] s_both = [Way.Plain, Way.Stream];
    private static readonly Way[] s_plain = [Way.Plain];

    /// <param name="node">Starts with its first call.</param>
    /// <param name="patient">With the settings of docs/clients.md for long starts.</param>
    public static IReadOnlyList<IApiClient> All(NodeWorker node, bool patient = false) =>
    [
        new NodeClient("npm `openai`", "openai", node, new Dictionary<string, Way[]>
        {
            ["chat.completions"] = s_both,
            ["completions"] = s_both,
            ["responses"] = s_both,
            ["audio.speech"] = s_both,
            ["videos"] = s_plain,
            ["embeddings"] = s_plain,
            ["models"] = s_plain,
        }),
        new NodeClient("npm `ai`", "ai", node, new Dictionary<string, Way[]>
        {
            ["chat.completions"] = s_both,
            ["completions"] = s_both,
            ["embeddings"] = s_plain,
        }),
        new NodeClient("npm `@langchain/openai`", "langchain", node, new Dictionary<string, Way[]>
        {
            ["chat.completions"] = s_both,
            ["completions"] = s_both,
            ["responses"] = s_both,
            ["embeddings"] = s_plain,
        }),
        new NodeClient("npm `@anthropic-ai/sdk`", "anthropic", node, new Dictionary<string, Way[]>
        {
            ["messages"] = s_both,
            ["messages.count_tokens"] = s_plain,
        }),
        new OpenAiForDotNet(patient),
        new ExtensionsAi(patient),
        new CurlClient(),
    ];
}
