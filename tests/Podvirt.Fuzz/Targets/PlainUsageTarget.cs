using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;
using Podvirt.Fuzz.References;

namespace Podvirt.Fuzz.Targets;

/// <summary>
/// <see cref="PlainUsageScanner"/> against <see cref="JsonDocument"/> where a reply is JSON, and where it is the start of
/// one; whatever it is, every split gives the same.
/// </summary>
internal sealed class PlainUsageTarget : FuzzTarget
{
    // The scanner counts no depth.
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 4096 };

    public override string Name => "plain-usage";

    public override IReadOnlyList<string> Tokens => ReplyWords.Tokens;

    public override JsonWords? Json => ReplyWords.Json;

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting) =>
        HashCode.Combine(Check(input, splitting, totalIsPrompt: false), Check(input, splitting, totalIsPrompt: true));

    private static int Check(ReadOnlyMemory<byte> input, Splitting splitting, bool totalIsPrompt)
    {
        var (found, isBad, isAborted, isWhole) = Scan([input], totalIsPrompt);
        foreach (var cuts in splitting.Of(input.Length))
        {
            Oracle.Equal((found, isBad, isAborted, isWhole), Scan(Splitting.Pieces(input, cuts), totalIsPrompt), "counts and end of a split reply");
        }
        JsonElement root;
        try
        {
            root = JsonDocument.Parse(input, s_options).RootElement;
        }
        catch (JsonException)
        {
            return found is null ? 0 : 1;
        }
        var usage = UsageOf(root);
        var expected = usage is null ? null : UsageReference.Read(usage.Value, totalIsPrompt);
        if (found is not null || usage is null || !UsageReference.HasHalfNames(usage.Value))
        {
            Oracle.Equal(expected, found, "counts");
            Oracle.Equal(usage is not null && UsageReference.IsBad(usage.Value, totalIsPrompt), isBad, "has a bad count");
        }
        Oracle.Equal(IsAborted(root), isAborted, "is aborted");
        var isContainer = root.ValueKind is JsonValueKind.Object or JsonValueKind.Array;
        Oracle.Equal(isContainer, isWhole, "is whole");
        var end = input.Span.TrimEnd(" \t\r\n"u8).Length;
        foreach (var cut in splitting.PrefixesOf(end))
        {
            Oracle.Holds(!Scan([input[..cut]], totalIsPrompt).IsWhole, $"the first {cut} bytes are the whole reply");
        }
        return HashCode.Combine(2, root.ValueKind, usage is null, found is null, found?.Prompt > 0, found?.Cached > 0, found?.Completion > 0, found?.Reasoning > 0);
    }

    // The last member of that name that is an object; the scanner knows the name only as engines spell it.
    private static JsonElement? UsageOf(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        var last = JsonMember.Of(root).LastOrDefault(m => m.RawName == "usage" && m.Value.ValueKind == JsonValueKind.Object).Value;
        if (last.ValueKind == JsonValueKind.Undefined)
        {
            return null;
        }
        var raw = JsonMarshal.GetRawUtf8Value(last).ToArray();
        try
        {
            // On its own, with the usual limit of depth.
            return raw.Length > PlainUsageScanner.UsageBytesMax ? null : JsonDocument.Parse(raw).RootElement;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // In an object three deep, as choices are.
    private static bool IsAborted(JsonElement root) => Inner(root).SelectMany(Inner).Where(e => e.ValueKind == JsonValueKind.Object)
        .SelectMany(JsonMember.Of).Any(m => m.RawName == "finish_reason" && JsonMarshal.GetRawUtf8Value(m.Value).SequenceEqual("\"abort\""u8));

    private static IEnumerable<JsonElement> Inner(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonMember.Of(value).Select(m => m.Value),
        JsonValueKind.Array => value.EnumerateArray(),
        _ => [],
    };

    private static (TokenCounts? Counts, bool IsBad, bool IsAborted, bool IsWhole) Scan(IEnumerable<ReadOnlyMemory<byte>> pieces, bool totalIsPrompt)
    {
        var scanner = new PlainUsageScanner(totalIsPrompt);
        foreach (var piece in pieces)
        {
            scanner.Scan(piece.Span);
        }
        return (scanner.TryGetCounts(out var tokens, out var isBad) ? tokens : null, isBad, scanner.IsAborted, scanner.IsWhole);
    }
}
