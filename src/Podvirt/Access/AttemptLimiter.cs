namespace Podvirt.Access;

/// <summary>
/// Counts attempts by whoever makes them. An attempt counts from its beginning, so that many at a time are no way around, and is
/// taken back when it succeeds.
/// </summary>
internal sealed class AttemptLimiter(TimeProvider time, int failuresMax, TimeSpan window)
{
    /// <summary>Names that are remembered. With more at a time, all strangers share one count.</summary>
    private const int NamesMax = 4096;

    private readonly Dictionary<string, Window> _windows = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>How long this one has to wait; null: it may try, and that counts.</summary>
    public TimeSpan? Begin(string name)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            foreach (var (ended, _) in _windows.Where(w => w.Value.End <= now).ToList())
            {
                _windows.Remove(ended);
            }
            var key = Key(name);
            var known = _windows.GetValueOrDefault(key);
            if (known?.Attempts >= failuresMax)
            {
                return known.End - now;
            }
            _windows[key] = known is null ? new Window(1, now + window) : known with { Attempts = known.Attempts + 1 };
            return null;
        }
    }

    /// <summary>An attempt succeeded, or was none.</summary>
    public void TakeBack(string name)
    {
        lock (_gate)
        {
            var key = Key(name);
            if (_windows.TryGetValue(key, out var known))
            {
                _windows[key] = known with { Attempts = Math.Max(0, known.Attempts - 1) };
            }
        }
    }

    private string Key(string name) => _windows.Count >= NamesMax && !_windows.ContainsKey(name) ? "others" : name;

    private sealed record Window(int Attempts, DateTimeOffset End);
}
