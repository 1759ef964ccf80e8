using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Podvirt.Core.Replies;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Fuzz.References;

namespace Podvirt.Fuzz.Targets;

/// <summary>
/// <see cref="ChunkFacts"/> and <see cref="ChunkReader"/> against <see cref="JsonDocument"/>, and every way that they have against
/// the others.
/// </summary>
internal sealed class ChunkFactsTarget : FuzzTarget
{
    // A chunk as engines send it, in two halves: what all chunks of a stream start with, and the rest of one.
    private const string Start = """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",""";
    private const string Rest = "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}";

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 64 };
    private static readonly byte[] s_start = Encoding.ASCII.GetBytes(Start);
    private static readonly byte[] s_chunk = Encoding.ASCII.GetBytes(Start + Rest);

    private static readonly byte[][] s_rests =
        [.. ((string[])[Rest, "}", "\"x\":1}", "\"choices\":[],\"usage\":null}", " \"error\":{}}", ",\"a\":[]}"]).Select(Encoding.ASCII.GetBytes)];

    public override string Name => "chunk-facts";

    public override IReadOnlyList<string> Tokens => ReplyWords.Tokens;

    public override JsonWords? Json => ReplyWords.Json;

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting)
    {
        var isRead = ChunkFacts.TryRead(input.Span, out var facts);
        CheckWithinAStream(input.Span, splitting);
        JsonElement root;
        try
        {
            root = JsonDocument.Parse(input, s_options).RootElement;
        }
        catch (JsonException)
        {
            Oracle.Holds(!isRead, "accepted what is no JSON");
            CheckNoFacts(facts);
            return 0;
        }
        if (!isRead)
        {
            Oracle.Holds(root.ValueKind != JsonValueKind.Object || UsageReference.HasHalfNames(root), "refused a JSON object");
            CheckNoFacts(facts);
            return 1;
        }
        Oracle.Equal(JsonValueKind.Object, root.ValueKind, "kind of what was accepted");
        CheckFacts(JsonMember.Of(root), facts, input);
        CheckPrefixes(input.Span, splitting);
        return HashCode.Combine(
            facts.HasUsage, facts.UsageMember.IsPresent, facts.ChoicesAreEmpty, facts.HasChoices, facts.IsError, Math.Min(facts.Choice, 2),
            (facts.Tokens.Prompt > 0, facts.Tokens.Cached > 0, facts.Tokens.Completion > 0, facts.Tokens.Reasoning > 0),
            (facts.HasBadUsage, facts.IsAborted, facts.UsageValue.Length == 4, facts.UsageMember.End - facts.UsageValue.End));
    }

    // Within a stream, whatever came before, and with the framework's reader alone.
    private static void CheckWithinAStream(ReadOnlySpan<byte> input, Splitting splitting)
    {
        var reader = new ChunkReader();
        Oracle.Holds(reader.TryRead(s_chunk, out _), "a plain chunk");
        CheckSame(reader, [.. s_start, .. input]);
        if (!CheckSame(reader, input))
        {
            return;
        }

        // Chunks that start as the input does and go on otherwise.
        var choices = Math.Max(0, input.IndexOf("\"choices\""u8));
        foreach (var cut in splitting.PrefixesOf(input.Length).Append(choices))
        {
            CheckSame(reader, [.. input[..cut], .. s_rests[cut % s_rests.Length]]);
            CheckSame(reader, input);
        }
    }

    private static bool CheckSame(ChunkReader reader, ReadOnlySpan<byte> json)
    {
        var isExpected = ChunkFacts.TryReadWithReader(json, out var expected);
        Oracle.Equal((isExpected, expected), (reader.TryRead(json, out var read), read), "read within a stream");
        return isExpected;
    }

    private static void CheckFacts(List<JsonMember> members, in ChunkFacts facts, ReadOnlyMemory<byte> json)
    {
        var usages = members.Where(m => m.Name == "usage").Select(m => m.Value).ToList();
        var counts = usages.Select(u => UsageReference.Read(u)).LastOrDefault(c => c is not null);
        Oracle.Equal(counts is not null, facts.HasUsage, "has usage");
        Oracle.Equal(counts ?? default, facts.Tokens, "tokens");
        Oracle.Equal(usages.Exists(u => UsageReference.IsBad(u)), facts.HasBadUsage, "has bad usage");
        Oracle.Equal(usages.Count > 0 ? JsonMember.RangeOf(usages[^1], json) : default, facts.UsageValue, "usage value");
        CheckCut(members, facts.UsageMember, json.Span);

        var choices = members.Where(m => m.Name == "choices" && m.Value.ValueKind == JsonValueKind.Array).Select(m => m.Value).ToList();
        Oracle.Equal(choices.Count > 0 && choices[^1].GetArrayLength() > 0, facts.HasChoices, "has choices");
        Oracle.Equal(choices.Count > 0 && choices[^1].GetArrayLength() == 0, facts.ChoicesAreEmpty, "choices are empty");
        var indexes = choices.Where(c => c.GetArrayLength() > 0 && c[0].ValueKind == JsonValueKind.Object).SelectMany(c => JsonMember.Of(c[0]))
            .Where(m => m.Name == "index" && m.Value.ValueKind == JsonValueKind.Number && m.Value.TryGetInt32(out _)).Select(m => m.Value.GetInt32());
        Oracle.Equal(indexes.LastOrDefault(), facts.Choice, "choice");

        var finishes = choices.Where(c => c.GetArrayLength() > 0 && c[0].ValueKind == JsonValueKind.Object).SelectMany(c => JsonMember.Of(c[0]))
            .Where(m => m.Name == "finish_reason").Select(m => JsonMarshal.GetRawUtf8Value(m.Value).SequenceEqual("\"abort\""u8));
        Oracle.Equal(finishes.LastOrDefault(), facts.IsAborted, "is aborted");

        var error = members.LastOrDefault(m => m.Name == "error").Value.ValueKind;
        Oracle.Equal(error is JsonValueKind.Object or JsonValueKind.String, facts.IsError, "is error");
    }

    // Without its usage a chunk is the same JSON less that one member.
    private static void CheckCut(List<JsonMember> members, ByteRange cut, ReadOnlySpan<byte> json)
    {
        var last = members.FindLastIndex(m => m.Name == "usage");
        Oracle.Equal(last >= 0, cut.IsPresent, "usage member is there");
        if (last < 0)
        {
            return;
        }
        byte[] left = [.. json[..cut.Start], .. json[cut.End..]];
        Oracle.Equal(left.Length, json.Length - cut.Length, "length without usage");
        members.RemoveAt(last);
        Oracle.Equal(Written(members), Written(JsonMember.Of(JsonDocument.Parse(left, s_options).RootElement)), "the other members");
    }

    private static void CheckPrefixes(ReadOnlySpan<byte> json, Splitting splitting)
    {
        var end = json.TrimEnd(" \t\r\n"u8).Length;
        foreach (var cut in splitting.PrefixesOf(end))
        {
            Oracle.Holds(!ChunkFacts.TryRead(json[..cut], out _), $"the first {cut} bytes are accepted");
        }
    }

    private static void CheckNoFacts(in ChunkFacts facts)
    {
        Oracle.Holds(
            !facts.HasUsage && !facts.UsageMember.IsPresent && !facts.UsageValue.IsPresent && !facts.HasChoices && !facts.ChoicesAreEmpty && !facts.IsError
            && !facts.HasBadUsage && !facts.IsAborted && facts.Choice == 0 && facts.Tokens == default(TokenCounts),
            "facts of what was refused");
    }

    private static string Written(List<JsonMember> members) => string.Join('\n', members.Select(m => m.Raw));
}
