namespace Podvirt.Access;

/// <summary>Random secrets that were handed out, kept as hashes, in memory, bounded in number: a new one displaces the one that ends first.</summary>
internal class ExpiringSecrets(TimeProvider time, TimeSpan lifetime, int countMax)
{
    private readonly Dictionary<string, DateTimeOffset> _ends = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public TimeSpan Lifetime => lifetime;

    public string Issue()
    {
        var secret = AdminCredential.NewSecret();
        lock (_gate)
        {
            DropEnded();
            if (_ends.Count >= countMax)
            {
                _ends.Remove(_ends.MinBy(e => e.Value).Key);
            }
            _ends[HashOf(secret)] = time.GetUtcNow() + lifetime;
        }
        return secret;
    }

    /// <summary>True once, for a secret that had not ended.</summary>
    public bool Take(string secret)
    {
        lock (_gate)
        {
            DropEnded();
            return _ends.Remove(HashOf(secret));
        }
    }

    private void DropEnded()
    {
        var now = time.GetUtcNow();
        foreach (var (hash, end) in _ends)
        {
            if (end <= now)
            {
                _ends.Remove(hash);
            }
        }
    }

    private static string HashOf(string secret) => Convert.ToHexString(AdminCredential.Hash(secret));
}

/// <summary>Codes of the console links that were printed. A quarter of an hour: long enough to find the browser.</summary>
internal sealed class SignInCodes(TimeProvider time) : ExpiringSecrets(time, TimeSpan.FromMinutes(15), countMax: 100);
