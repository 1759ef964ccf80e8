using Podvirt.Core.Requests;

namespace Podvirt.Core.Replies;

// The way for chunks as engines write them: it runs for every token. It ends in the same facts as the reader's way, or gives
// up; tests/Podvirt.Fuzz holds both against JsonDocument.
public partial record struct ChunkFacts
{
    /// <returns>False: it gave up, and nothing here means anything.</returns>
    internal bool TryWalk(ReadOnlySpan<byte> json, int from, ref int choicesAt)
    {
        var at = from > 0 ? from : JsonWalk.Take(json, 0, (byte)'{');
        var isEnd = false;
        while (at >= 0 && !isEnd)
        {
            at = JsonWalk.TakeName(json, at, out var nameStart, out var nameLength);
            var name = json.Slice(nameStart, nameLength);
            if (name.SequenceEqual("choices"u8))
            {
                choicesAt = IsError || UsageValue.IsPresent || HasChoices || ChoicesAreEmpty ? choicesAt : nameStart - 1;
                at = WalkChoices(json, at);
            }
            else
            {
                at = WalkMember(json, at, name, nameStart - 1);
            }
            at = JsonWalk.TakeCommaOr(json, at, (byte)'}', out isEnd);
        }
        return JsonWalk.SkipBlanks(json, at) == json.Length;
    }

    private int WalkMember(ReadOnlySpan<byte> json, int at, ReadOnlySpan<byte> name, int memberStart)
    {
        if (name.SequenceEqual("usage"u8))
        {
            return WalkUsage(json, at, memberStart);
        }
        if (name.SequenceEqual("error"u8))
        {
            IsError = JsonWalk.ByteAt(json, JsonWalk.SkipBlanks(json, at)) is (byte)'{' or (byte)'"';
        }
        return JsonWalk.SkipValue(json, at);
    }

    private int WalkChoices(ReadOnlySpan<byte> json, int at)
    {
        // Anything but an array is for the reader.
        at = JsonWalk.SkipBlanks(json, JsonWalk.Take(json, at, (byte)'['));
        ChoicesAreEmpty = JsonWalk.ByteAt(json, at) == (byte)']';
        HasChoices = !ChoicesAreEmpty;
        if (ChoicesAreEmpty)
        {
            return at + 1;
        }
        at = JsonWalk.ByteAt(json, at) == (byte)'{' ? WalkFirstChoice(json, at + 1) : JsonWalk.SkipValue(json, at);
        at = JsonWalk.TakeCommaOr(json, at, (byte)']', out var isEnd);
        while (at >= 0 && !isEnd)
        {
            at = JsonWalk.SkipValue(json, at);
            at = JsonWalk.TakeCommaOr(json, at, (byte)']', out isEnd);
        }
        return at;
    }

    private int WalkFirstChoice(ReadOnlySpan<byte> json, int at)
    {
        at = JsonWalk.SkipBlanks(json, at);
        if (JsonWalk.ByteAt(json, at) == (byte)'}')
        {
            return at + 1;
        }
        var isEnd = false;
        while (at >= 0 && !isEnd)
        {
            at = JsonWalk.TakeName(json, at, out var nameStart, out var nameLength);
            var name = json.Slice(nameStart, nameLength);
            if (name.SequenceEqual("index"u8))
            {
                at = JsonWalk.TakeCount(json, at, out var index);
                at = index <= int.MaxValue ? at : JsonWalk.Lost;
                Choice = (int)index;
            }
            else if (name.SequenceEqual("finish_reason"u8))
            {
                at = WalkFinishReason(json, at);
            }
            else
            {
                at = JsonWalk.SkipValue(json, at);
            }
            at = JsonWalk.TakeCommaOr(json, at, (byte)'}', out isEnd);
        }
        return at;
    }

    private int WalkFinishReason(ReadOnlySpan<byte> json, int at)
    {
        var start = JsonWalk.SkipBlanks(json, at);
        at = JsonWalk.SkipValue(json, start);

        // Null on every chunk but a choice's last.
        IsFinished = at >= 0 && json[start] == (byte)'"';
        IsAborted = IsFinished && json[start..at].SequenceEqual("\"abort\""u8);
        return at;
    }

    private int WalkUsage(ReadOnlySpan<byte> json, int at, int memberStart)
    {
        var valueStart = JsonWalk.SkipBlanks(json, at);
        if (JsonWalk.ByteAt(json, valueStart) == (byte)'{')
        {
            at = UsageCounts.Walk(json, valueStart + 1, out var tokens, out var found);
            if (found)
            {
                HasUsage = true;
                Tokens = tokens;
            }
        }
        else
        {
            at = JsonWalk.SkipValue(json, valueStart);
        }
        if (at >= 0)
        {
            UsageValue = new ByteRange(valueStart, at - valueStart);
            UsageMember = WithOneComma(json, memberStart, at);
        }
        return at;
    }
}
