using System.Text.Json;
using Podvirt.Core.Requests;
using Podvirt.Fuzz.References;

namespace Podvirt.Fuzz.Targets;

/// <summary><see cref="RequestPeeker"/> against <see cref="PeekReference"/>, on every surface.</summary>
internal sealed class PeekTarget : FuzzTarget
{
    public override string Name => "peek";

    public override IReadOnlyList<string> Tokens => RequestWords.Tokens;

    public override JsonWords? Json => RequestWords.Json;

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting)
    {
        var kind = default(HashCode);
        foreach (var surface in Enum.GetValues<RequestSurface>())
        {
            kind.Add(CheckSurface(input, surface));
        }

        // A body that breaks off is never taken for a whole one.
        if (Accepts(input.Span))
        {
            var end = input.Span.TrimEnd(" \t\r\n"u8).Length;
            foreach (var cut in splitting.PrefixesOf(end))
            {
                Oracle.Holds(!Accepts(input.Span[..cut]), $"the first {cut} bytes are accepted");
            }
        }
        return kind.ToHashCode();
    }

    private static bool Accepts(ReadOnlySpan<byte> body) => RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out _) is null;

    private static int CheckSurface(ReadOnlyMemory<byte> body, RequestSurface surface)
    {
        var expected = PeekReference.Read(body, surface);
        var error = RequestPeeker.Peek(body.Span, surface, out var found);
        if (!expected.IsUtf8 || expected.Root is not { ValueKind: JsonValueKind.Object })
        {
            Oracle.Holds(error is not null, "no JSON object in UTF-8, and accepted");
            Oracle.Holds(expected.Root is null || error!.Param is null, "another kind of JSON, refused for a member");
            return expected.IsUtf8 ? 1 : 0;
        }
        if (error is not null)
        {
            var isRight = error.Param is null ? expected.HasHalfNames : expected.Wrong.Contains(error.Param);
            Oracle.Holds(isRight, $"refused with '{error.Message}', wrong are: {string.Join(", ", expected.Wrong)}");
            return string.GetHashCode(error.Message, StringComparison.Ordinal);
        }
        Oracle.Holds(expected.Wrong.Count == 0, $"accepted in spite of {string.Join(", ", expected.Wrong)}");
        CheckFacts(expected, found, body.Span);
        return HashCode.Combine(
            found.Stream || found.MayStream, found.WantsUsage, found.WantsContinuousUsage, found.SystemPrompt.IsPresent, found.FirstUserMessage.IsPresent,
            found.StreamOptionsIsNull, found.StreamOptionsIsEmpty, found.IncludeUsage.Start > found.ContinuousUsage.Start);
    }

    private static void CheckFacts(PeekReference expected, in PeekedRequest found, ReadOnlySpan<byte> body)
    {
        Oracle.Equal(expected.Model, found.Model, "model");
        Oracle.Equal(expected.Stream, found.Stream, "stream");
        Oracle.Equal(expected.MayStream, found.MayStream, "may stream");
        Oracle.Equal((expected.Choices, expected.BestOf, expected.Prompts), (found.Choices, found.BestOf, found.Prompts), "choices, best of and prompts");
        Oracle.Equal(expected.StreamOptions, found.StreamOptions, "stream_options");
        Oracle.Equal(expected.StreamOptionsIsNull, found.StreamOptionsIsNull, "stream_options is null");
        Oracle.Equal(expected.StreamOptionsIsEmpty, found.StreamOptionsIsEmpty, "stream_options is empty");
        Oracle.Equal(expected.IncludeUsage, found.IncludeUsage, "include_usage");
        Oracle.Equal(expected.WantsUsage, found.WantsUsage, "wants usage");
        Oracle.Equal(expected.ContinuousUsage, found.ContinuousUsage, "continuous_usage_stats");
        Oracle.Equal(expected.WantsContinuousUsage, found.WantsContinuousUsage, "wants continuous usage");
        Oracle.Equal(expected.SystemPrompt, found.SystemPrompt, "system prompt");
        Oracle.Equal(expected.FirstUserMessage, found.FirstUserMessage, "first user message");
        Oracle.Equal(expected.PreviousResponse, found.PreviousResponse, "previous response");
        Oracle.Equal(expected.IsNotStored, found.IsNotStored, "is not stored");
        Oracle.Equal(body.IndexOf((byte)'{') + 1, found.RootStart, "start of the root's members");
    }
}
