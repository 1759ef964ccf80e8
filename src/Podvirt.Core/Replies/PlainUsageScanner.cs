using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Replies;

/// <summary>
/// Finds the top-level <c>usage</c> object in a plain JSON reply that passes by in any split, however long: it follows
/// strings and nesting byte by byte and keeps only that one object. Where there are several, the last one counts. Besides,
/// it sees a choice that the engine gave up. Names are known as engines write them, without escapes.
/// </summary>
/// <param name="totalIsPrompt">Nothing is generated: where only a total is counted, it is the prompt's.</param>
public sealed class PlainUsageScanner(bool totalIsPrompt = false)
{
    /// <summary>Longest <c>usage</c> object that is kept; real ones have two or three hundred bytes.</summary>
    public const int UsageBytesMax = 1024;

    private const int NameBytesMax = 5;

    // Objects of choices: within the reply, within its array.
    private const int ChoiceDepth = 3;

    // Enough for most: it grows for the others.
    private const int UsageBytesFirst = 256;

    private static ReadOnlySpan<byte> FinishReasonName => "finish_reason"u8;

    private static ReadOnlySpan<byte> Abort => "abort"u8;

    private byte[] _usage = [];
    private int _usageLength;
    private int _depth;
    private bool _inString;
    private bool _escaped;
    private bool _expectsName;
    private int _nameLength;
    private int _nameMatched;
    private bool _lastNameIsUsage;
    private bool _capturing;
    private bool _overflowed;
    private int _reasonMatched;
    private int _abortMatched;
    private FinishReason _reason;

    /// <summary>The outermost object or array has been closed: nothing of the reply is missing.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>A choice ended with <c>"finish_reason":"abort"</c>.</summary>
    public bool IsAborted { get; private set; }

    public void Scan(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[ScanToUsageEnd(bytes, out _)..];
        }
    }

    /// <summary>As <see cref="Scan"/>, but stops behind the brace that ends the <c>usage</c> object.</summary>
    /// <param name="bytes">What comes next of the reply.</param>
    /// <param name="isEnd">It stopped there; else all was scanned.</param>
    /// <returns>How many bytes were scanned.</returns>
    public int ScanToUsageEnd(ReadOnlySpan<byte> bytes, out bool isEnd)
    {
        var length = bytes.Length;
        isEnd = false;
        while (bytes.Length > 0)
        {
            // Most of a reply is text inside strings: skip to what ends one.
            if (_inString && !_escaped && !_capturing && !_expectsName && _nameLength > FinishReasonName.Length)
            {
                var stop = bytes.IndexOfAny((byte)'"', (byte)'\\');
                if (stop < 0)
                {
                    return length;
                }
                bytes = bytes[stop..];
            }
            var wasCapturing = _capturing;
            Step(bytes[0]);
            bytes = bytes[1..];
            if (wasCapturing && !_capturing)
            {
                isEnd = true;
                return length - bytes.Length;
            }
        }
        return length;
    }

    /// <summary>The counts, when the reply had them.</summary>
    /// <param name="tokens">They.</param>
    /// <param name="isBad">One of them is none, as in <see cref="UsageCounts.TryRead"/>.</param>
    public bool TryGetCounts(out TokenCounts tokens, out bool isBad)
    {
        tokens = default;
        isBad = false;
        if (_usageLength == 0 || _capturing || _overflowed)
        {
            return false;
        }
        var reader = new Utf8JsonReader(_usage.AsSpan(0, _usageLength));
        try
        {
            return reader.Read() && UsageCounts.TryRead(ref reader, out tokens, out isBad, totalIsPrompt);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a name with half a surrogate pair, met where names are compared.
            isBad = false;
            return false;
        }
    }

    private void Step(byte b)
    {
        if (_capturing)
        {
            Keep(b);
        }
        if (_inString)
        {
            StepInString(b);
            return;
        }
        switch (b)
        {
            case (byte)'"':
                _inString = true;
                _nameLength = 0;
                _nameMatched = 0;
                _reasonMatched = 0;
                _abortMatched = 0;
                break;
            case (byte)'{':
                if (_depth == 1 && _lastNameIsUsage)
                {
                    _usageLength = 0;
                    _overflowed = false;
                    _capturing = true;
                    Keep(b);
                }
                _depth++;
                _expectsName = _depth == 1;
                _lastNameIsUsage = false;
                _reason = FinishReason.NotSeen;
                break;
            case (byte)'[':
                _depth++;
                _expectsName = false;
                _lastNameIsUsage = false;
                _reason = FinishReason.NotSeen;
                break;
            case (byte)'}' or (byte)']':
                _depth--;
                _expectsName = false;
                _reason = FinishReason.NotSeen;
                IsWhole |= _depth == 0;
                if (_depth == 1)
                {
                    _capturing = false;
                }
                break;
            case (byte)',':
                _expectsName = _depth == 1;
                _lastNameIsUsage = false;
                _reason = FinishReason.NotSeen;
                break;
            case (byte)':':
                _expectsName = false;
                _reason = _reason == FinishReason.Named ? FinishReason.Awaited : FinishReason.NotSeen;
                break;
            default:
                break;
        }
    }

    private void StepInString(byte b)
    {
        if (_escaped)
        {
            _escaped = false;
            _nameLength++;
            return;
        }
        if (b == (byte)'\\')
        {
            _escaped = true;
            return;
        }
        if (b == (byte)'"')
        {
            _inString = false;
            if (_expectsName)
            {
                _lastNameIsUsage = _nameLength == NameBytesMax && _nameMatched == NameBytesMax;
            }
            else if (_depth == ChoiceDepth)
            {
                EndStringInChoice();
            }
            return;
        }
        _reasonMatched += _nameLength < FinishReasonName.Length && b == FinishReasonName[_nameLength] ? 1 : 0;
        _abortMatched += _nameLength < Abort.Length && b == Abort[_nameLength] ? 1 : 0;
        if (_expectsName && _nameLength < NameBytesMax && b == "usage"u8[_nameLength])
        {
            _nameMatched++;
        }
        _nameLength++;
    }

    private void EndStringInChoice()
    {
        IsAborted |= _reason == FinishReason.Awaited && _nameLength == Abort.Length && _abortMatched == Abort.Length;
        _reason = _nameLength == FinishReasonName.Length && _reasonMatched == FinishReasonName.Length ? FinishReason.Named : FinishReason.NotSeen;
    }

    private void Keep(byte b)
    {
        if (_usageLength == UsageBytesMax)
        {
            _overflowed = true;
            return;
        }
        if (_usageLength == _usage.Length)
        {
            Array.Resize(ref _usage, Math.Max(UsageBytesFirst, _usage.Length * 2));
        }
        _usage[_usageLength++] = b;
    }

    private enum FinishReason
    {
        NotSeen,

        /// <summary>The last string was its name.</summary>
        Named,

        /// <summary>Its value comes next.</summary>
        Awaited,
    }
}
