using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Podvirt.Core.Replies;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Fuzz.References;

namespace Podvirt.Fuzz.Targets;

/// <summary><see cref="ResponseEvent"/>, <see cref="MessageEvent"/> and <see cref="SpeechEvent"/> against <see cref="JsonDocument"/>, and both ways of each against each other.</summary>
internal sealed class TypedEventTarget : FuzzTarget
{
    private const string Told = """{"usage":{"input_tokens":3,"cache_read_input_tokens":2,"output_tokens":1}}""";

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 64 };
    private static readonly MessageUsageReference s_before = new(3, 2, 0, 1);

    public override string Name => "typed-event";

    public override IReadOnlyList<string> Tokens => ReplyWords.Tokens;

    public override JsonWords? Json => ReplyWords.Json;

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting)
    {
        var isRead = ResponseEvent.TryRead(input.Span, out var response);
        Oracle.Equal((isRead, response), (ResponseEvent.TryReadWithReader(input.Span, out var again), again), "a response's event by the reader");
        var usage = Before();
        var isMessageRead = MessageEvent.TryRead(input.Span, ref usage, out var message);
        var usageAgain = Before();
        Oracle.Equal(
            (isMessageRead, message, usage), (MessageEvent.TryReadWithReader(input.Span, ref usageAgain, out var messageAgain), messageAgain, usageAgain),
            "a message's event by the reader");
        var isSpeechRead = SpeechEvent.TryRead(input.Span, out var speech);
        Oracle.Equal((isSpeechRead, speech), (SpeechEvent.TryReadWithReader(input.Span, out var speechAgain), speechAgain), "an event of speech by the reader");
        JsonElement root;
        try
        {
            root = JsonDocument.Parse(input, s_options).RootElement;
        }
        catch (JsonException)
        {
            Oracle.Holds(!isRead && !isMessageRead && !isSpeechRead, "accepted what is no JSON");
            return 0;
        }
        if (!isRead || !isMessageRead || !isSpeechRead)
        {
            var isHalf = root.ValueKind == JsonValueKind.Object && HasHalves(root);
            Oracle.Holds(root.ValueKind != JsonValueKind.Object || isHalf, "refused a JSON object");
            return 1;
        }
        var members = JsonMember.Of(root);
        CheckResponse(members, response, input);
        CheckMessage(members, message, usage.Counts, input);
        CheckSpeech(members, speech, input);
        foreach (var cut in splitting.PrefixesOf(input.Span.TrimEnd(" \t\r\n"u8).Length))
        {
            Oracle.Holds(!ResponseEvent.TryRead(input.Span[..cut], out _), $"the first {cut} bytes are accepted");
        }
        return HashCode.Combine(
            response.Kind, (message.Kind, speech.Kind, speech.HasUsage), response.HasUsage, response.IsAborted, response.Id.IsPresent, message.HasUsage, message.HasStopReason,
            (message.BeginsBlock, message.EndsBlock, response.Sequence is null, message.Block is null));
    }

    private static MessageUsage Before()
    {
        var usage = default(MessageUsage);
        var reader = new Utf8JsonReader(Encoding.ASCII.GetBytes(Told));
        while (reader.Read() && !(reader.TokenType == JsonTokenType.StartObject && reader.CurrentDepth == 1))
        {
        }
        Oracle.Holds(usage.TryRead(ref reader, out _), "a plain usage");
        return usage;
    }

    private static void CheckResponse(List<JsonMember> members, in ResponseEvent found, ReadOnlyMemory<byte> json)
    {
        var type = TypeOf(members);
        var kind = IsError(members) ? EventKind.Error : type switch
        {
            "response.completed" or "response.incomplete" or "response.cancelled" => EventKind.End,
            "response.failed" => EventKind.Failed,
            "response.created" or "response.in_progress" or "response.queued" => EventKind.Begin,
            "error" => EventKind.Error,
            _ => type.StartsWith("response.", StringComparison.Ordinal) ? EventKind.Output : EventKind.Other,
        };
        Oracle.Equal(kind, found.Kind, "kind of a response's event");
        Oracle.Equal(NumberOf(members, "sequence_number"), found.Sequence, "sequence");

        var response = members.LastOrDefault(m => m.Name == "response").Value;
        var inner = response.ValueKind == JsonValueKind.Object ? JsonMember.Of(response) : [];
        var isEnd = kind is EventKind.End or EventKind.Failed;
        var usages = isEnd ? inner.Where(m => m.Name == "usage").Select(m => m.Value).ToList() : [];
        var counts = usages.Count > 0 ? UsageReference.Read(usages[^1], UsageShape.Responses) : null;
        Oracle.Equal(counts ?? default, found.Tokens, "tokens of a response");
        Oracle.Equal(counts is not null, found.HasUsage, "a response has usage");
        Oracle.Equal(usages.Exists(u => UsageReference.IsBad(u, UsageShape.Responses)), found.HasBadUsage, "a response has bad usage");
        Oracle.Equal(usages.Count > 0 ? JsonMember.RangeOf(usages[^1], json) : default, found.UsageValue, "usage value of a response");

        var status = inner.LastOrDefault(m => m.Name == "status").Value;
        var isCancelled = status.ValueKind == JsonValueKind.String && JsonMember.TextOf(status) == "cancelled";
        Oracle.Equal((isEnd && isCancelled) || (kind == EventKind.End && type == "response.cancelled"), found.IsAborted, "is aborted");
        Oracle.Equal(isEnd || kind == EventKind.Begin ? IdOf(inner, json) : default, found.Id, "id");
    }

    private static void CheckMessage(List<JsonMember> members, in MessageEvent found, TokenCounts counts, ReadOnlyMemory<byte> json)
    {
        var type = TypeOf(members);
        var kind = IsError(members) ? EventKind.Error : type switch
        {
            "message_start" => EventKind.Begin,
            "message_delta" => EventKind.Counts,
            "message_stop" => EventKind.End,
            "error" => EventKind.Error,
            _ => type.StartsWith("content_block_", StringComparison.Ordinal) ? EventKind.Output : EventKind.Other,
        };
        Oracle.Equal(kind, found.Kind, "kind of a message's event");
        Oracle.Equal(NumberOf(members, "index"), found.Block, "block");
        Oracle.Equal(kind == EventKind.Output && type == "content_block_start", found.BeginsBlock, "begins a block");
        Oracle.Equal(kind == EventKind.Output && type == "content_block_stop", found.EndsBlock, "ends a block");
        var deltas = members.Where(m => m.Name == "delta").Select(m => m.Value).ToList();
        var hasReason = deltas.Count > 0 && deltas[^1].ValueKind == JsonValueKind.Object
            && JsonMember.Of(deltas[^1]).LastOrDefault(m => m.Name == "stop_reason").Value.ValueKind == JsonValueKind.String;
        Oracle.Equal(kind == EventKind.Counts && hasReason, found.HasStopReason, "has a stop reason");

        var message = members.LastOrDefault(m => m.Name == "message").Value;
        var place = kind == EventKind.Counts ? members : kind == EventKind.Begin && message.ValueKind == JsonValueKind.Object ? JsonMember.Of(message) : [];
        var (told, isFound, isBad, value) = (s_before, false, false, default(ByteRange));
        foreach (var usage in place.Where(m => m.Name == "usage").Select(m => m.Value))
        {
            isBad |= MessageUsageReference.IsBad(usage, told);
            isFound |= MessageUsageReference.Read(usage, told, out told);
            value = JsonMember.RangeOf(usage, json);
        }
        Oracle.Equal((told.Counts, isFound, isBad, value), (counts, found.HasUsage, found.HasBadUsage, found.UsageValue), "a message's counts");
    }

    private static void CheckSpeech(List<JsonMember> members, in SpeechEvent found, ReadOnlyMemory<byte> json)
    {
        var kind = TypeOf(members) switch
        {
            "speech.audio.error" => EventKind.Failed,
            _ when IsError(members) => EventKind.Error,
            "speech.audio.delta" => EventKind.Output,
            "speech.audio.done" => EventKind.End,
            _ => EventKind.Other,
        };
        Oracle.Equal(kind, found.Kind, "kind of an event of speech");
        var usages = kind == EventKind.End ? members.Where(m => m.Name == "usage").Select(m => m.Value).ToList() : [];
        var counts = usages.Count > 0 ? UsageReference.Read(usages[^1], UsageShape.Responses) : null;
        var isBad = usages.Exists(u => UsageReference.IsBad(u, UsageShape.Responses));
        var value = usages.Count > 0 ? JsonMember.RangeOf(usages[^1], json) : default;
        Oracle.Equal((counts ?? default, counts is not null, isBad, value), (found.Tokens, found.HasUsage, found.HasBadUsage, found.UsageValue), "counts of speech");
    }

    private static string TypeOf(List<JsonMember> members)
    {
        var type = members.LastOrDefault(m => m.Name == "type").Value;
        return type.ValueKind == JsonValueKind.String && JsonMarshal.GetRawUtf8Value(type).Length <= 66 ? JsonMember.TextOf(type) : "";
    }

    private static bool IsError(List<JsonMember> members) =>
        members.LastOrDefault(m => m.Name == "error").Value.ValueKind is JsonValueKind.Object or JsonValueKind.String;

    private static long? NumberOf(List<JsonMember> members, string name)
    {
        var value = members.LastOrDefault(m => m.Name == name).Value;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 ? number : null;
    }

    private static ByteRange IdOf(List<JsonMember> response, ReadOnlyMemory<byte> json)
    {
        var id = response.LastOrDefault(m => m.Name == "id").Value;
        if (id.ValueKind != JsonValueKind.String)
        {
            return default;
        }
        var (start, length) = JsonMember.RangeOf(id, json);
        var text = json.Span.Slice(start + 1, length - 2);
        return text.Contains((byte)'\\') || text.Length > ResponseIds.BytesMax ? default : new ByteRange(start + 1, length - 2);
    }

    // A name or a text with half a character, or with an escape beside what is no UTF-8, is refused where it is compared.
    private static bool HasHalves(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonMember.Of(value).Exists(m => JsonMember.HasHalf(m.Name) || HasHalves(m.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(HasHalves),
        JsonValueKind.String => JsonMember.TextOf(value) is var text && (JsonMember.HasHalf(text) || text.Contains('\uFFFD', StringComparison.Ordinal)),
        _ => false,
    };
}
