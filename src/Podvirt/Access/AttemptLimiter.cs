using System.Net;

namespace Podvirt.Access;

/// <summary>Counts failed sign-ins by remote address.</summary>
internal sealed class AttemptLimiter(TimeProvider time)
{
    /// <summary>Ten a minute: no person types faster, and no guesser gets anywhere.</summary>
    public const int FailuresMax = 10;

    /// <summary>Addresses that are remembered. With more at a time, all strangers share one count.</summary>
    private const int AddressesMax = 4096;

    private static readonly TimeSpan _window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Window> _windows = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>How long this address has to wait; null: it may try.</summary>
    public TimeSpan? WaitFor(IPAddress? address)
    {
        lock (_gate)
        {
            return _windows.TryGetValue(Key(address), out var window) && window.Failures >= FailuresMax && window.End > time.GetUtcNow()
                ? window.End - time.GetUtcNow()
                : null;
        }
    }

    public void Failed(IPAddress? address)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            foreach (var (ended, _) in _windows.Where(w => w.Value.End <= now).ToList())
            {
                _windows.Remove(ended);
            }
            var key = Key(address);
            _windows[key] = _windows.TryGetValue(key, out var window)
                ? window with { Failures = window.Failures + 1 }
                : new Window(1, now + _window);
        }
    }

    private string Key(IPAddress? address)
    {
        var text = address?.ToString() ?? "";
        return _windows.Count >= AddressesMax && !_windows.ContainsKey(text) ? "others" : text;
    }

    private sealed record Window(int Failures, DateTimeOffset End);
}
