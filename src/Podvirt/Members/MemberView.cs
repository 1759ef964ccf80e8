using Podvirt.Fleet;

namespace Podvirt.Members;

/// <summary>A member as <c>/api</c> shows it: never a hash.</summary>
/// <param name="Role">admin or member.</param>
/// <param name="Status">invited (there is no password yet), active or disabled.</param>
/// <param name="InviteExpiresAt">Of the link that was handed out last and not used; null: there is none.</param>
/// <param name="Oidc">Whether a provider says who this is.</param>
internal sealed record MemberView(
    string Id, string Name, string Email, string Role, IReadOnlyList<string> Projects, string Status, DateTimeOffset CreatedAt, DateTimeOffset? LastSignInAt,
    DateTimeOffset? InviteExpiresAt, bool Oidc)
{
    public static MemberView Of(Member member) => new(
        member.Id, member.Name, member.Email, FleetViews.Name(member.Role), member.Projects, FleetViews.Name(member.Status), member.CreatedAt,
        member.LastSignInAt, member.Invite?.ExpiresAt, member.Subject is not null);
}
