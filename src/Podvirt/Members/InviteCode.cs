using System.Security.Cryptography;
using System.Text;
using Podvirt.Access;

namespace Podvirt.Members;

/// <summary>What stands in an invite's link: whom it is for, and a secret. Read with one look-up, whoever made it up.</summary>
internal static class InviteCode
{
    /// <summary>Long enough for a holiday week; a link that lies in a mailbox for ever is a way in.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private const char Separator = '.';

    public static (string Code, MemberInvite Invite) New(string stateKey, DateTimeOffset now)
    {
        var secret = AdminCredential.NewSecret();
        return ($"{stateKey[(stateKey.LastIndexOf('/') + 1)..]}{Separator}{secret}", new MemberInvite(HashOf(secret), now + Lifetime));
    }

    /// <summary>Where the member would stand; null: this is no code.</summary>
    public static string? StateKeyOf(string code)
    {
        var cut = code.IndexOf(Separator, StringComparison.Ordinal);
        return cut > 0 && code[..cut].All(char.IsAsciiHexDigitLower) ? $"{Member.StatePrefix}email/{code[..cut]}" : null;
    }

    /// <summary>Whether the code opens the member's invite now.</summary>
    public static bool Opens(string code, Member member, DateTimeOffset now) =>
        member is { Invite: { } invite, DisabledAt: null } && invite.ExpiresAt > now
        && CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(HashOf(code[(code.IndexOf(Separator, StringComparison.Ordinal) + 1)..])), Encoding.ASCII.GetBytes(invite.Hash));

    private static string HashOf(string secret) => Convert.ToHexString(AdminCredential.Hash(secret));
}
