using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Podvirt.Core.Requests;
using Podvirt.Fuzz.References;

namespace Podvirt.Fuzz.Targets;

/// <summary>
/// <see cref="BodySplice"/>: what it makes of an accepted body is that body's <see cref="JsonDocument"/> with the intended
/// changes, and putting the cut pieces back gives the body again, byte for byte.
/// </summary>
internal sealed class SpliceTarget : FuzzTarget
{
    private const string Include = "include_usage";
    private const string Continuous = "continuous_usage_stats";

    private static readonly string?[] s_names = [null, "\"other\"", "\"a name of many more bytes than the one it had\"", "\"n\\u00e4me\""];

    public override string Name => "splice";

    public override IReadOnlyList<string> Tokens => RequestWords.Tokens;

    public override JsonWords? Json => RequestWords.Json;

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting)
    {
        var kind = default(HashCode);
        foreach (var surface in Enum.GetValues<RequestSurface>())
        {
            if (RequestPeeker.Peek(input.Span, surface, out var request) is not null)
            {
                continue;
            }
            var asks = request is { Stream: true, TakesStreamOptions: true };
            foreach (var name in s_names)
            {
                var bytes = name is null ? default(ReadOnlyMemory<byte>?) : Encoding.ASCII.GetBytes(name);
                CheckSplice(input, request, surface, BodySplice.For(request, bytes, continuousUsage: true), name, asks, continuous: true);
                CheckSplice(input, request, surface, BodySplice.For(request, bytes, continuousUsage: false), name, asks, continuous: false);
                CheckSplice(input, request, surface, BodySplice.WithoutUsage(request, bytes), name, asksForUsage: false, continuous: false);
            }
            kind.Add(HashCode.Combine(
                surface, request.Stream, request.StreamOptions.IsPresent, request.StreamOptionsIsNull, request.StreamOptionsIsEmpty,
                request.IncludeUsage.IsPresent, request.ContinuousUsage.IsPresent, request.StreamOptions.Start > request.Model.Start));
        }
        return kind.ToHashCode();
    }

    private static void CheckSplice(
        ReadOnlyMemory<byte> body, in PeekedRequest request, RequestSurface surface, BodySplice splice, string? servedAs, bool asksForUsage, bool continuous)
    {
        var (result, cuts) = Apply(splice, body);
        Oracle.Equal(body.Length + splice.LengthDelta, result.Length, "length");
        CheckCuts(request, cuts);

        using var before = JsonDocument.Parse(body);
        using var after = JsonDocument.Parse(result);
        CheckMeaning(JsonMember.Of(before.RootElement), JsonMember.Of(after.RootElement), servedAs, asksForUsage, continuous);

        Oracle.Holds(RequestPeeker.Peek(result, surface, out var again) is null, "the result is refused");
        Oracle.Equal(request.Stream, again.Stream, "stream of the result");
        Oracle.Equal(asksForUsage || request.WantsUsage, again.WantsUsage, "wants usage of the result");
        Oracle.Equal(request.SystemPrompt.Length, again.SystemPrompt.Length, "system prompt of the result");
    }

    // The result, and which ranges of the body are not in it. All else must be the body's own memory, in its order.
    private static (byte[] Result, List<ByteRange> Cuts) Apply(BodySplice splice, ReadOnlyMemory<byte> body)
    {
        Oracle.Holds(MemoryMarshal.TryGetArray(body, out var source), "the body is an array");
        var result = new List<byte>();
        var restored = new List<byte>();
        var cuts = new List<ByteRange>();
        var position = 0;
        var at = 0;
        while (splice.TryGetPiece(body, ref position, out var piece))
        {
            result.AddRange(piece.Span);
            Oracle.Holds(MemoryMarshal.TryGetArray(piece, out var segment), "a piece is an array");
            if (segment.Array != source.Array)
            {
                continue;
            }
            var start = segment.Offset - source.Offset;
            Oracle.Holds(start >= at, "pieces of the body out of order");
            if (start > at)
            {
                cuts.Add(new ByteRange(at, start - at));
                restored.AddRange(body.Span[at..start]);
            }
            restored.AddRange(piece.Span);
            at = start + piece.Length;
        }
        Oracle.Equal(body.Length, at, "end of the last piece");
        Oracle.Equal(body.Span, restored.ToArray(), "the body put together again");
        return ([.. result], cuts);
    }

    // Nothing else of the body goes.
    private static void CheckCuts(in PeekedRequest request, List<ByteRange> cuts)
    {
        var allowed = new List<ByteRange> { request.Model, request.IncludeUsage, request.ContinuousUsage };
        if (request.StreamOptionsIsNull || request.StreamOptionsIsEmpty)
        {
            allowed.Add(request.StreamOptions);
        }
        Oracle.Holds(cuts.TrueForAll(allowed.Contains), $"cut out: {string.Join(", ", cuts)}");
    }

    private static void CheckMeaning(List<JsonMember> before, List<JsonMember> after, string? servedAs, bool asksForUsage, bool continuous)
    {
        if (servedAs is not null)
        {
            Oracle.Equal(servedAs, after.Single(m => m.Name == "model").Value.GetRawText(), "model");
        }
        Oracle.Equal(Written(before, servedAs, asksForUsage), Written(after, servedAs, asksForUsage), "the other members");
        if (!asksForUsage)
        {
            return;
        }
        var asked = before.Where(m => m.Name == "stream_options" && m.Value.ValueKind == JsonValueKind.Object).SelectMany(m => JsonMember.Of(m.Value)).ToList();
        var options = JsonMember.Of(after.Single(m => m.Name == "stream_options").Value);
        Oracle.Equal(JsonValueKind.True, options.Single(o => o.Name == Include).Value.ValueKind, Include);
        var found = options.Where(o => o.Name == Continuous).ToList();
        Oracle.Equal(continuous || asked.Exists(o => o.Name == Continuous) ? 1 : 0, found.Count, $"members {Continuous}");
        Oracle.Holds(found.TrueForAll(o => o.Value.ValueKind == (continuous ? JsonValueKind.True : JsonValueKind.False)), Continuous);
        Oracle.Equal(Written(asked), Written(options), "the other options");
    }

    private static string Written(List<JsonMember> members, string? servedAs, bool asksForUsage) =>
        string.Join('\n', members.Where(m => (m.Name != "model" || servedAs is null) && (m.Name != "stream_options" || !asksForUsage)).Select(m => m.Raw));

    private static string Written(List<JsonMember> options) =>
        string.Join('\n', options.Where(o => o.Name is not (Include or Continuous)).Select(m => m.Raw));
}
