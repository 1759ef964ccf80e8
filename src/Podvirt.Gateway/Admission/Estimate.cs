using Podvirt.Core.Requests;

namespace Podvirt.Gateway.Admission;

/// <summary>What a request may use, as far as can be said before an engine has counted.</summary>
/// <param name="Prompt">Tokens.</param>
/// <param name="Completion">Tokens, of all choices together.</param>
internal readonly record struct Estimate(long Prompt, long Completion)
{
    // Of English text and of code; other scripts have more tokens a byte, pictures fewer.
    private const int BytesPerToken = 4;

    public long Total => Prompt + Completion;

    public static Estimate Of(in PeekedRequest request, int bodyBytes, RequestSurface surface, GatewayOptions options)
    {
        var prompt = Math.Min((bodyBytes / BytesPerToken) + 1, options.ReservedPromptMax);
        switch (surface)
        {
            case RequestSurface.Tokenize or RequestSurface.Detokenize or RequestSurface.MessageTokens:
                // No model works on it, and nothing is billed.
                return default;
            case RequestSurface.Embeddings or RequestSurface.Rerank or RequestSurface.Score or RequestSurface.Speech:
                return new Estimate(prompt, 0);
            default:
                var each = request.MaxTokens == 0 ? options.ReservedCompletionMax : Math.Min(request.MaxTokens, options.ReservedCompletionMax);
                return new Estimate(prompt, (long)each * Math.Max(1, Math.Max(request.Choices, request.BestOf)) * Math.Max(1, request.Prompts));
        }
    }
}
