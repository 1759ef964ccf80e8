using System.Runtime.CompilerServices;
using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Replies;

/// <summary>
/// Finds the top-level <c>usage</c> object in a plain JSON reply that passes by in any split, however long: it follows
/// strings and nesting byte by byte and keeps only that one object. Where there are several, the last one counts. Besides,
/// it sees an answer that the engine gave up, and a response's id. Names are known as engines write them, without escapes.
/// </summary>
/// <param name="shape">Whose reply it is.</param>
public sealed class PlainUsageScanner(UsageShape shape = UsageShape.Completions)
{
    /// <summary>Longest <c>usage</c> object that is kept; real ones have two or three hundred bytes.</summary>
    public const int UsageBytesMax = 1024;

    // Enough to know every name and value that is looked for.
    private const int TextBytesMax = 16;

    // Objects of choices: within the reply, within its array.
    private const int ChoiceDepth = 3;

    // Enough for most: it grows for the others.
    private const int UsageBytesFirst = 256;

    private byte[] _usage = [];
    private int _usageLength;
    private int _depth;
    private bool _inString;
    private bool _escaped;
    private bool _expectsName;
    private TextStart _text;
    private int _textLength;
    private Name _lastName;
    private bool _capturing;
    private bool _overflowed;
    private FinishReason _reason;
    private bool _isCancelled;
    private bool _hasAbortedChoice;
    private bool _hasStopReason;
    private bool _isMessage;
    private byte[] _id = [];
    private int _idLength;

    /// <summary>The outermost object or array has been closed: nothing of the reply is missing.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>
    /// The engine gave the answer up: a choice with <c>"finish_reason":"abort"</c>, a response whose <c>status</c> is <c>cancelled</c>, or
    /// a message without a <c>stop_reason</c>. Meaningful at the reply's end.
    /// </summary>
    public bool IsAborted => shape switch
    {
        UsageShape.Responses => _isCancelled,
        UsageShape.Messages => _isMessage && !_hasStopReason,
        _ => _hasAbortedChoice,
    };

    /// <summary>A response's <c>status</c> is <c>failed</c>.</summary>
    public bool IsFailed { get; private set; }

    /// <summary>A response's id; empty where there is none that is short and without escapes.</summary>
    public ReadOnlySpan<byte> Id => _id.AsSpan(0, _idLength);

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
            if (_inString && !_escaped && !_capturing && !_expectsName && _textLength > TextBytesMax && _lastName != Name.Id)
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
            return reader.Read() && UsageCounts.TryRead(ref reader, shape, out tokens, out isBad);
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
                _textLength = 0;
                BeginId();
                break;
            case (byte)'{':
                if (_depth == 1 && _lastName == Name.Usage)
                {
                    _usageLength = 0;
                    _overflowed = false;
                    _capturing = true;
                    Keep(b);
                }
                _depth++;
                _expectsName = _depth == 1;
                _lastName = Name.Other;
                _reason = FinishReason.NotSeen;
                break;
            case (byte)'[':
                _depth++;
                _expectsName = false;
                _lastName = Name.Other;
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
                _lastName = Name.Other;
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
            Note(0);
            return;
        }
        if (b == (byte)'\\')
        {
            _escaped = true;
            return;
        }
        if (b != (byte)'"')
        {
            Note(b);
            return;
        }
        _inString = false;
        if (_expectsName)
        {
            _lastName = NameOf();
        }
        else if (_depth == 1)
        {
            EndStringAtTheTop();
        }
        else if (_depth == ChoiceDepth)
        {
            EndStringInChoice();
        }
    }

    // An escaped character is none that is looked for.
    private void Note(byte b)
    {
        if (_textLength < TextBytesMax)
        {
            _text[_textLength] = b;
        }
        _textLength++;
        if (_lastName == Name.Id && !_expectsName && _depth == 1)
        {
            if (_idLength >= 0 && _idLength < _id.Length && b != 0)
            {
                _id[_idLength++] = b;
            }
            else
            {
                _id = [];
                _idLength = 0;
            }
        }
    }

    private void BeginId()
    {
        if (_lastName == Name.Id && !_expectsName && _depth == 1)
        {
            _id = new byte[ResponseIds.BytesMax];
            _idLength = 0;
        }
    }

    private bool Is(ReadOnlySpan<byte> text) => _textLength == text.Length && ((ReadOnlySpan<byte>)_text)[..text.Length].SequenceEqual(text);

    private Name NameOf() => Is("usage"u8) ? Name.Usage : shape switch
    {
        UsageShape.Responses => Is("id"u8) ? Name.Id : Is("status"u8) ? Name.Status : Name.Other,
        UsageShape.Messages => Is("stop_reason"u8) ? Name.StopReason : Is("type"u8) ? Name.Type : Name.Other,
        _ => Name.Other,
    };

    private void EndStringAtTheTop()
    {
        switch (_lastName)
        {
            case Name.Status:
                (_isCancelled, IsFailed) = (Is("cancelled"u8), Is("failed"u8));
                break;
            case Name.StopReason:
                _hasStopReason = true;
                break;
            case Name.Type:
                _isMessage = Is("message"u8);
                break;
            default:
                break;
        }
    }

    private void EndStringInChoice()
    {
        _hasAbortedChoice |= _reason == FinishReason.Awaited && Is("abort"u8);
        _reason = Is("finish_reason"u8) ? FinishReason.Named : FinishReason.NotSeen;
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

    /// <summary>The last name at the top.</summary>
    private enum Name
    {
        Other,
        Usage,
        Id,
        Status,
        StopReason,
        Type,
    }

    [InlineArray(TextBytesMax)]
    private struct TextStart
    {
        private byte _first;
    }
}
