using System.Diagnostics.CodeAnalysis;

namespace Podvirt.Messaging.Nats;

/// <summary>A server list, with what is secret in it apart: everything below works with addresses that may be shown.</summary>
internal sealed record NatsUrl(string Servers, string? User, string? Password, string? Token)
{
    /// <exception cref="ArgumentException">Not a list of servers. The text is not repeated: it may hold a password.</exception>
    public static NatsUrl Parse(string text) =>
        TryParse(text, out var url) ? url : throw new ArgumentException("The URL of NATS is not 'nats://host:port' or 'tls://host:port', or several of them separated by commas.", nameof(text));

    public static bool TryParse(string? text, [NotNullWhen(true)] out NatsUrl? url)
    {
        url = null;
        var servers = new List<string>();
        string? user = null, password = null, token = null;
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(part.Contains("://", StringComparison.Ordinal) ? part : "nats://" + part, UriKind.Absolute, out var uri)
                || uri.Scheme is not ("nats" or "tls") || uri.Host.Length == 0)
            {
                return false;
            }
            if (servers.Count == 0 && uri.UserInfo.Length > 0)
            {
                var colon = uri.UserInfo.IndexOf(':', StringComparison.Ordinal);
                user = colon < 0 ? null : Uri.UnescapeDataString(uri.UserInfo[..colon]);
                password = colon < 0 ? null : Uri.UnescapeDataString(uri.UserInfo[(colon + 1)..]);
                token = colon < 0 ? Uri.UnescapeDataString(uri.UserInfo) : null;
            }
            servers.Add($"{uri.Scheme}://{uri.Host}:{(uri.Port < 0 ? 4222 : uri.Port)}");
        }
        url = new NatsUrl(string.Join(',', servers), user, password, token);
        return servers.Count > 0;
    }

    public override string ToString() => Servers;
}
