using System.Runtime.InteropServices;
using System.Text;
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

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting)
    {
        var kind = default(HashCode);
        foreach (var shape in Enum.GetValues<UsageShape>())
        {
            kind.Add(CheckShape(input, shape, splitting));
        }
        return kind.ToHashCode();
    }

    private static int CheckShape(ReadOnlyMemory<byte> input, UsageShape shape, Splitting splitting)
    {
        var found = Scan(shape, [input]);
        foreach (var cuts in splitting.Of(input.Length))
        {
            Oracle.Equal(found, Scan(shape, Splitting.Pieces(input, cuts)), "counts and end of a split reply");
        }
        JsonElement root;
        try
        {
            root = JsonDocument.Parse(input, s_options).RootElement;
        }
        catch (JsonException)
        {
            return found.Counts is null ? 0 : 1;
        }
        var usage = UsageOf(root);
        var expected = usage is null ? null : UsageReference.Read(usage.Value, shape);
        if (found.Counts is not null || usage is null || !UsageReference.HasHalfNames(usage.Value))
        {
            Oracle.Equal(expected, found.Counts, "counts");
            Oracle.Equal(usage is not null && UsageReference.IsBad(usage.Value, shape), found.IsBad, "has a bad count");
        }
        Oracle.Equal(IsAborted(root, shape), found.IsAborted, "is aborted");
        Oracle.Equal(shape == UsageShape.Responses && LastText(root, "status") == "failed", found.IsFailed, "is failed");
        Oracle.Equal(shape == UsageShape.Responses ? IdOf(root) : "", found.Id, "id");
        var isContainer = root.ValueKind is JsonValueKind.Object or JsonValueKind.Array;
        Oracle.Equal(isContainer, found.IsWhole, "is whole");
        var end = input.Span.TrimEnd(" \t\r\n"u8).Length;
        foreach (var cut in splitting.PrefixesOf(end))
        {
            Oracle.Holds(!Scan(shape, [input[..cut]]).IsWhole, $"the first {cut} bytes are the whole reply");
        }
        return HashCode.Combine(
            root.ValueKind, usage is null, found.IsAborted, found.Counts?.Prompt > 0, found.Counts?.Cached > 0, found.Counts?.Completion > 0, found.Counts?.Reasoning > 0,
            found.Id.Length > 0);
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

    private static bool IsAborted(JsonElement root, UsageShape shape) => shape switch
    {
        UsageShape.Responses => LastText(root, "status") == "cancelled",
        UsageShape.Messages => LastText(root, "type") == "message" && LastText(root, "stop_reason") is null,

        // In an object three deep, as choices are.
        _ => Inner(root).SelectMany(Inner).Where(e => e.ValueKind == JsonValueKind.Object)
            .SelectMany(JsonMember.Of).Any(m => m.RawName == "finish_reason" && JsonMarshal.GetRawUtf8Value(m.Value).SequenceEqual("\"abort\""u8)),
    };

    // As it is written, without its quotes.
    private static string? LastText(JsonElement root, string name) => root.ValueKind != JsonValueKind.Object ? null : JsonMember.Of(root)
        .Where(m => m.RawName == name && m.Value.ValueKind == JsonValueKind.String)
        .Select(m => Encoding.Latin1.GetString(JsonMarshal.GetRawUtf8Value(m.Value)[1..^1])).LastOrDefault();

    private static string IdOf(JsonElement root) =>
        LastText(root, "id") is { Length: <= ResponseIds.BytesMax } id && !id.Contains('\\', StringComparison.Ordinal) ? id : "";

    private static IEnumerable<JsonElement> Inner(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonMember.Of(value).Select(m => m.Value),
        JsonValueKind.Array => value.EnumerateArray(),
        _ => [],
    };

    private static Scanned Scan(UsageShape shape, IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var scanner = new PlainUsageScanner(shape);
        foreach (var piece in pieces)
        {
            scanner.Scan(piece.Span);
        }
        var counts = scanner.TryGetCounts(out var tokens, out var isBad) ? tokens : default(TokenCounts?);
        return new Scanned(counts, isBad, scanner.IsAborted, scanner.IsFailed, scanner.IsWhole, Encoding.Latin1.GetString(scanner.Id));
    }

    private readonly record struct Scanned(TokenCounts? Counts, bool IsBad, bool IsAborted, bool IsFailed, bool IsWhole, string Id);
}
