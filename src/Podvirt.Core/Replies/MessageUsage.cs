using System.Runtime.InteropServices;
using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Replies;

/// <summary>
/// The counts of Anthropic's messages as a stream has told them so far. There a prompt is the sum of three: <c>input_tokens</c> are those
/// that no cache was asked for, beside <c>cache_read_input_tokens</c> and <c>cache_creation_input_tokens</c>. vLLM does likewise since it
/// reports its prefix cache (its pull request 40912); before, and where it does not know yet, there is <c>input_tokens</c> alone, and all
/// of the prompt in it. Either way the sum is the prompt.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public record struct MessageUsage
{
    private long _input;
    private long _cacheRead;
    private long _cacheCreation;
    private long _output;

    /// <summary>They, in Podvirt's words.</summary>
    public readonly TokenCounts Counts => new(_input + _cacheRead + _cacheCreation, _cacheRead, _output, 0);

    /// <summary>
    /// Takes over what one object says; the reader stands on the value and ends on its last token. Each object is cumulative, but need not
    /// say all: what it leaves out stays, the cache's share only where it leaves out <c>input_tokens</c>, too. False, with nothing changed,
    /// for anything but an object with a count of input or output.
    /// </summary>
    /// <param name="reader">Stands on the value.</param>
    /// <param name="isBad">As in <see cref="UsageCounts"/>; also where the three add up to more than a long holds.</param>
    public bool TryRead(ref Utf8JsonReader reader, out bool isBad)
    {
        isBad = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }
        long? input = null, cacheRead = null, cacheCreation = null, output = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("input_tokens"u8))
            {
                UsageCounts.ReadCount(ref reader, ref input, ref isBad);
            }
            else if (reader.ValueTextEquals("output_tokens"u8))
            {
                UsageCounts.ReadCount(ref reader, ref output, ref isBad);
            }
            else if (reader.ValueTextEquals("cache_read_input_tokens"u8))
            {
                UsageCounts.ReadCount(ref reader, ref cacheRead, ref isBad);
            }
            else if (reader.ValueTextEquals("cache_creation_input_tokens"u8))
            {
                UsageCounts.ReadCount(ref reader, ref cacheCreation, ref isBad);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        if (input is null && output is null)
        {
            return false;
        }
        return TryTake(input, cacheRead, cacheCreation, output, ref isBad);
    }

    private bool TryTake(long? input, long? cacheRead, long? cacheCreation, long? output, ref bool isBad)
    {
        var speaksForPrompt = input is not null;
        var next = new MessageUsage
        {
            _input = input ?? _input,
            _cacheRead = cacheRead ?? (speaksForPrompt ? 0 : _cacheRead),
            _cacheCreation = cacheCreation ?? (speaksForPrompt ? 0 : _cacheCreation),
            _output = output ?? _output,
        };
        if ((UInt128)(ulong)next._input + (ulong)next._cacheRead + (ulong)next._cacheCreation > long.MaxValue)
        {
            isBad = true;
            return false;
        }
        this = next;
        return true;
    }
}
