namespace Podvirt.Simulator.Engine;

/// <summary>
/// Finds stop strings in text that arrives in pieces. It keeps back as many characters as the longest stop string could still need,
/// so that no part of a stop string that spans pieces is ever let out.
/// </summary>
internal sealed class StopMatcher
{
    private readonly string[] _stops;
    private readonly bool _include;
    private readonly int _tail;

    // Kept back: not let out yet. Seen: let out already, but a match may begin in it (only when matches are included).
    private string _held = "";
    private string _seen = "";

    /// <param name="stops">May be empty: then every piece passes.</param>
    /// <param name="include">Whether a matched stop string is part of the text.</param>
    public StopMatcher(string[] stops, bool include)
    {
        _stops = stops;
        _include = include;
        _tail = stops.Length == 0 ? 0 : stops.Max(stop => stop.Length) - 1;
    }

    /// <summary>The stop string that was found, else null.</summary>
    public string? Matched { get; private set; }

    /// <param name="piece">The next piece.</param>
    /// <param name="looks">False lets the piece pass unmatched (before the request's minimum of tokens).</param>
    /// <returns>The text that may be let out now.</returns>
    public string Add(string piece, bool looks)
    {
        if (_stops.Length == 0)
        {
            return piece;
        }

        if (!looks)
        {
            _seen = "";
            return Release() + piece;
        }

        return _include ? AddIncluding(piece) : AddExcluding(piece);
    }

    /// <summary>What was kept back, once no more text can follow.</summary>
    public string Release()
    {
        var text = _held;
        _held = "";
        _seen = "";
        return text;
    }

    private string AddExcluding(string piece)
    {
        var text = _held + piece;
        var at = Find(text, out _);
        if (at >= 0)
        {
            _held = "";
            return text[..at];
        }

        var keep = Math.Min(_tail, text.Length);
        _held = text[^keep..];
        return text[..^keep];
    }

    private string AddIncluding(string piece)
    {
        var text = _seen + piece;
        var at = Find(text, out var length);
        if (at >= 0)
        {
            return text[_seen.Length..Math.Max(at + length, _seen.Length)];
        }

        _seen = text[^Math.Min(_tail, text.Length)..];
        return piece;
    }

    /// <summary>The earliest match, the longer one first at the same place.</summary>
    private int Find(string text, out int length)
    {
        var best = -1;
        length = 0;
        foreach (var stop in _stops)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (best < 0 || at < best || (at == best && stop.Length > length)))
            {
                (best, length, Matched) = (at, stop.Length, stop);
            }
        }

        return best;
    }
}
