using Podvirt.Members;

namespace Podvirt.Access;

/// <summary>How a session began.</summary>
internal enum SignInKind
{
    /// <summary>With the admin token, or a link that its holder made.</summary>
    Token,

    /// <summary>A member with a password, or with the link that set it.</summary>
    Password,

    /// <summary>A member whom the provider named.</summary>
    Oidc,
}

/// <summary>A signed-in browser. Stored under <see cref="StatePrefix"/> and the hash of its cookie.</summary>
/// <param name="StateKey">The member's; null: whoever holds the admin token.</param>
/// <param name="MemberId">The member's; empty: whoever holds the admin token.</param>
/// <param name="Epoch">The member's when it began.</param>
/// <param name="EndsAt">Unless it is used before.</param>
/// <param name="LastEnd">However much it is used; null: no such end.</param>
internal sealed record ConsoleSession(
    SignInKind Kind, string? StateKey, string MemberId, int Epoch, DateTimeOffset StartedAt, DateTimeOffset EndsAt, DateTimeOffset? LastEnd)
{
    public const string StatePrefix = "console-sessions/";

    /// <summary>Whether it lets this member in. Another one may have the same login since.</summary>
    public bool IsOf(Member? member) =>
        member is { DisabledAt: null } && member.Id == MemberId && member.Epoch == Epoch;
}
