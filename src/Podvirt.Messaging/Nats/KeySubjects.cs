using System.Globalization;
using System.Text;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// Keys as subjects: <c>/</c> becomes <c>.</c>; letters, digits, <c>-</c> and <c>_</c> stay; every other character becomes
/// <c>=</c> and its two hexadecimal digits. So a key is one that the tools of NATS take too, and no two keys meet in one.
/// </summary>
internal static class KeySubjects
{
    /// <param name="key">A valid key.</param>
    public static string Encode(string key)
    {
        if (!key.AsSpan().ContainsAnyExcept(_plain))
        {
            return key.Replace('/', '.');
        }
        var text = new StringBuilder(key.Length + 16);
        foreach (var c in key)
        {
            if (c == '/')
            {
                text.Append('.');
            }
            else if (IsPlain(c))
            {
                text.Append(c);
            }
            else
            {
                text.Append('=').Append(((int)c).ToString("X2", CultureInfo.InvariantCulture));
            }
        }
        return text.ToString();
    }

    /// <summary>Null where it is no key of ours: somebody else wrote it.</summary>
    public static string? Decode(ReadOnlySpan<char> encoded)
    {
        var text = new StringBuilder(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            var c = encoded[i];
            if (c == '=')
            {
                if (i + 2 >= encoded.Length || !byte.TryParse(encoded.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                {
                    return null;
                }
                text.Append((char)code);
                i += 2;
            }
            else
            {
                text.Append(c == '.' ? '/' : c);
            }
        }
        var key = text.ToString();
        return StateKeys.IsValid(key) ? key : null;
    }

    /// <summary>The narrowest filter that lets every key with the prefix through: by its whole segments. A reader looks at the rest.</summary>
    public static string Filter(string prefix)
    {
        var slash = prefix.LastIndexOf('/');
        var segments = slash <= 0 ? "" : Encode(prefix[..slash]) + ".";
        return segments + ">";
    }

    private static readonly System.Buffers.SearchValues<char> _plain =
        System.Buffers.SearchValues.Create("/-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';
}
