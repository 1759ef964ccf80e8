using System.Text.Json.Serialization;
using Podvirt.Access;

namespace Podvirt.Members;

internal enum MemberRole
{
    /// <summary>Sees their own projects.</summary>
    Member,

    /// <summary>Sees and does everything that the admin token does, but signing others in.</summary>
    Admin,
}

/// <summary>A person who may sign in to the console. Stored under <see cref="StateKey"/>.</summary>
internal sealed record Member
{
    public const string StatePrefix = "members/";

    /// <summary>Half a SHA-256: no two people's logins meet in it.</summary>
    private const int LoginHashLength = 32;

    /// <summary>Random: whoever comes back after a removal is another member.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>In lower case. What people sign in with, unless a provider says who they are.</summary>
    public required string Email { get; init; }

    public required MemberRole Role { get; init; }

    /// <summary>Ids of the projects that a <see cref="MemberRole.Member"/> sees; an admin sees all.</summary>
    public IReadOnlyList<string> Projects { get; init; } = [];

    /// <summary>As the hasher wrote it, with its salt and its cost; null: there is none yet, or a provider knows it.</summary>
    public string? PasswordHash { get; init; }

    /// <summary>The link that was handed out last and not used; null: none.</summary>
    public MemberInvite? Invite { get; init; }

    /// <summary>Who this is at the provider; null: signs in with a password.</summary>
    public MemberSubject? Subject { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastSignInAt { get; init; }

    public DateTimeOffset? DisabledAt { get; init; }

    /// <summary>Sessions of an earlier epoch are over. Grows with each new password, each new link and each disabling.</summary>
    public int Epoch { get; init; }

    [JsonIgnore]
    public bool IsAdmin => Role == MemberRole.Admin;

    [JsonIgnore]
    public MemberStatus Status =>
        DisabledAt is not null ? MemberStatus.Disabled : PasswordHash is null && Subject is null ? MemberStatus.Invited : MemberStatus.Active;

    [JsonIgnore]
    public string StateKey => Subject is { } subject ? StateKeyOf(subject) : StateKeyOf(Email);

    /// <summary>One login, one place: two members with one e-mail address cannot be.</summary>
    public static string StateKeyOf(string email) => $"{StatePrefix}email/{HashOf(email)}";

    public static string StateKeyOf(MemberSubject subject) => $"{StatePrefix}oidc/{HashOf($"{subject.Issuer}\n{subject.Id}")}";

    private static string HashOf(string login) => Convert.ToHexStringLower(AdminCredential.Hash(login))[..LoginHashLength];
}

internal enum MemberStatus
{
    Invited,
    Active,
    Disabled,
}

/// <summary>A link that sets a password, once.</summary>
/// <param name="Hash">Of its secret, which is kept nowhere.</param>
internal sealed record MemberInvite(string Hash, DateTimeOffset ExpiresAt);

/// <param name="Issuer">The provider.</param>
/// <param name="Id">The provider's name for the person, which never changes.</param>
internal sealed record MemberSubject(string Issuer, string Id);
