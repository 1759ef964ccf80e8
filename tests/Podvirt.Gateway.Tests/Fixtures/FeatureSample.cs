using System.Globalization;
using System.Text;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A feature of the API as vLLM answers it: what is asked, the chunks of the stream, and the plain reply.</summary>
/// <param name="Name">For people.</param>
/// <param name="Path">The surface's.</param>
/// <param name="Request">Members of the request, without model and stream.</param>
/// <param name="Chunks">What follows <c>"choices":</c> in each chunk, and the tokens that its choice has by then.</param>
/// <param name="Choices">What follows <c>"choices":</c> in the plain reply.</param>
/// <param name="Prompt">Tokens.</param>
internal sealed record FeatureSample(string Name, string Path, string Request, (string Choices, int Completion)[] Chunks, string Choices, int Prompt = 12)
{
    private bool IsChat => Path == Calls.Chat;

    /// <summary>Tokens of all choices.</summary>
    public required int Completion { get; init; }

    public string Body(string? streamOptions) =>
        $"{{\"model\":\"m\",\"stream\":true,{(streamOptions is null ? "" : $"\"stream_options\":{streamOptions},")}{Request}}}";

    public string PlainBody => $"{{{Request},\"model\":\"m\"}}";

    /// <summary>The stream that the engine sends for these options.</summary>
    public string Events(bool includeUsage, bool continuous)
    {
        var text = new StringBuilder();
        foreach (var (choices, completion) in Chunks)
        {
            var usage = includeUsage && continuous ? $",\"usage\":{Replies.Usage(Prompt, completion)}" : IsChat ? "" : ",\"usage\":null";
            text.Append(Replies.Event($"{Start}\"choices\":{choices}{usage}}}"));
        }
        if (includeUsage)
        {
            text.Append(Replies.Event($"{Start}\"choices\":[],\"usage\":{Replies.Usage(Prompt, Completion)}}}"));
        }
        return text.Append(Replies.Done).ToString();
    }

    public string Plain => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"id\":\"chatcmpl-7\",\"object\":\"chat.completion\",\"created\":1764000000,\"model\":\"m\",\"choices\":{Choices},\"service_tier\":null,\"system_fingerprint\":null,\"usage\":{{\"prompt_tokens\":{Prompt},\"total_tokens\":{Prompt + Completion},\"completion_tokens\":{Completion},\"prompt_tokens_details\":null}},\"prompt_logprobs\":null,\"kv_transfer_params\":null}}");

    private string Start => IsChat
        ? """{"id":"chatcmpl-7","object":"chat.completion.chunk","created":1764000000,"model":"m","""
        : """{"id":"cmpl-7","object":"text_completion","created":1764000000,"model":"m",""";

    public override string ToString() => Name;
}
