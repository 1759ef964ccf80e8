namespace Podvirt.Messaging;

/// <summary>The limits of <see cref="IStateStore"/>, the same for every implementation.</summary>
public static class StateKeys
{
    public const int KeyCharsMax = 512;
    public const int ValueBytesMax = 1024 * 1024;

    /// <summary>True for non-empty segments of printable ASCII (no space), joined by single slashes.</summary>
    public static bool IsValid(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Length is > 0 and <= KeyCharsMax
            && IsPrintable(key)
            && !key.StartsWith('/') && !key.EndsWith('/') && !key.Contains("//", StringComparison.Ordinal);
    }

    /// <exception cref="ArgumentException">Not a key.</exception>
    internal static void CheckKey(string key)
    {
        if (!IsValid(key))
        {
            throw new ArgumentException(
                $"'{Shown(key)}' is not a key: 1 to {KeyCharsMax} characters, segments of printable ASCII without spaces, joined by single slashes", nameof(key));
        }
    }

    /// <exception cref="ArgumentException">No key can start with this.</exception>
    internal static void CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > KeyCharsMax || !IsPrintable(prefix))
        {
            throw new ArgumentException($"'{Shown(prefix)}' is not a prefix: at most {KeyCharsMax} characters of printable ASCII without spaces", nameof(prefix));
        }
    }

    /// <exception cref="ArgumentException">Longer than <see cref="ValueBytesMax"/>.</exception>
    internal static void CheckValue(ReadOnlyMemory<byte> value)
    {
        if (value.Length > ValueBytesMax)
        {
            throw new ArgumentException($"a value has at most {ValueBytesMax} bytes; this one has {value.Length}", nameof(value));
        }
    }

    private static bool IsPrintable(string text) => !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
