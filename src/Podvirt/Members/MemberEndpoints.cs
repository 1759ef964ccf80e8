using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Api.OpenApi;
using Podvirt.Chats;
using Podvirt.ConsoleSite;

namespace Podvirt.Members;

/// <summary><c>/api/members</c>: list, invite (the link is shown once), change, remove.</summary>
internal sealed class MemberEndpoints(
    AccessGate gate, MemberStore members, MemberFields fields, ConsoleSessions sessions, VisitorChats chats, ConsoleSwitch console, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/members", (Delegate)ListAsync), Entry.ConsoleAdmin).Describe(
            new ApiOperation("List the members") { Answer = typeof(MemberList) });
        gate.Guard(api.MapPost("/members", (Delegate)CreateAsync), Entry.ConsoleAdmin).Describe(
            new ApiOperation("Add a member; the link that sets their password is in this answer and nowhere else")
            {
                Body = typeof(MemberBody),
                Answer = typeof(InvitedView),
                Status = 201,
                Refusals = [400, 404, 409],
            });
        gate.Guard(api.MapPatch("/members/{id}", (Delegate)UpdateAsync), Entry.ConsoleAdmin).Describe(
            new ApiOperation("Change a member, at once; what is left out stays") { Body = typeof(MemberChange), Answer = typeof(MemberView), Refusals = [400, 404] });
        gate.Guard(api.MapPost("/members/{id}/invite", (Delegate)InviteAsync), Entry.ConsoleAdmin).Describe(
            new ApiOperation("Make a new link for a member: the password and the link before end, and so do all sessions")
            {
                Answer = typeof(InvitedView),
                Refusals = [404, 409],
            });
        gate.Guard(api.MapDelete("/members/{id}", (Delegate)RemoveAsync), Entry.ConsoleAdmin).Describe(
            new ApiOperation("Remove a member and their conversations; their sessions end at once") { Answer = typeof(MemberView), Refusals = [404] });
    }

    private async Task<IResult> ListAsync(HttpContext context) =>
        ApiJson.Ok(new MemberList("list", [.. (await members.ListAsync(context.RequestAborted)).Select(MemberView.Of)]));

    private async Task<IResult> CreateAsync(HttpContext context)
    {
        var cancellationToken = context.RequestAborted;
        var body = await ApiJson.ReadAsync<MemberBody>(context);
        var (name, email, role) = (MemberFields.Name(body.Name), MemberFields.Email(body.Email), MemberFields.Role(body.Role ?? "member"));
        var projects = await fields.ProjectsAsync(body.Projects ?? [], cancellationToken);
        if ((await members.ListAsync(cancellationToken)).Count >= MemberStore.CountMax)
        {
            throw new ApiException(StatusCodes.Status409Conflict, "too_many_members", $"There are {MemberStore.CountMax} members already; remove some first.");
        }
        var (code, invite) = InviteCode.New(Member.StateKeyOf(email), time.GetUtcNow());
        var member = await members.CreateAsync(
            (id, now) => new Member { Id = id, Name = name, Email = email, Role = role, Projects = projects, Invite = invite, CreatedAt = now }, cancellationToken)
            ?? throw new ApiException(StatusCodes.Status409Conflict, "member_exists", $"There is a member with the address '{email}' already.", "email");
        return ApiJson.Ok(Invited(context, member, code), StatusCodes.Status201Created);
    }

    private async Task<IResult> UpdateAsync(HttpContext context)
    {
        var cancellationToken = context.RequestAborted;
        var json = await ApiJson.ReadAsync<JsonElement>(context);
        var body = MemberFields.Change(json);
        var name = body.Name is { } text ? MemberFields.Name(text) : null;
        var role = body.Role is { } word ? MemberFields.Role(word) : (MemberRole?)null;
        var projects = body.Projects is { } ids ? await fields.ProjectsAsync(ids, cancellationToken) : null;
        var now = time.GetUtcNow();
        var member = await FindAsync(context);
        var changed = await members.UpdateAsync(
            member,
            known => Disable(known with { Name = name ?? known.Name, Role = role ?? known.Role, Projects = projects ?? known.Projects }, body.Disabled, now),
            cancellationToken);
        await sessions.ClearAsync(member.Id, cancellationToken);
        if (changed is not null)
        {
            await chats.StopWhatIsNotAllowedAsync(changed, context.RequestAborted);
        }
        return ApiJson.Ok(MemberView.Of(changed ?? throw NotFound(member.Id)));
    }

    /// <summary>Whoever is enabled again signs in again.</summary>
    private static Member Disable(Member member, bool? isDisabled, DateTimeOffset now) => isDisabled switch
    {
        true when member.DisabledAt is null => member with { DisabledAt = now, Epoch = member.Epoch + 1 },
        false => member with { DisabledAt = null },
        _ => member,
    };

    private async Task<IResult> InviteAsync(HttpContext context)
    {
        var member = await FindAsync(context);
        if (member.Subject is not null)
        {
            throw new ApiException(StatusCodes.Status409Conflict, "oidc_member", $"'{member.Email}' signs in with the provider and needs no link.", "id");
        }
        var (code, invite) = InviteCode.New(member.StateKey, time.GetUtcNow());
        var invited = await members.UpdateAsync(
            member, known => known with { Invite = invite, PasswordHash = null, Epoch = known.Epoch + 1 }, context.RequestAborted);
        await sessions.ClearAsync(member.Id, context.RequestAborted);
        return ApiJson.Ok(Invited(context, invited ?? throw NotFound(member.Id), code));
    }

    private async Task<IResult> RemoveAsync(HttpContext context)
    {
        var member = await FindAsync(context);
        if (!await members.RemoveAsync(member, context.RequestAborted))
        {
            throw NotFound(member.Id);
        }
        await sessions.ClearAsync(member.Id, context.RequestAborted);
        await chats.ForgetAsync(member.Id, context.RequestAborted);
        return ApiJson.Ok(MemberView.Of(member));
    }

    private async Task<Member> FindAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        return await members.FindAsync(id, context.RequestAborted) ?? throw NotFound(id);
    }

    private InvitedView Invited(HttpContext context, Member member, string code) =>
        new(MemberView.Of(member), ConsoleLink.ForInvite(console.OriginOf(context), code), member.Invite!.ExpiresAt);

    private static ApiException NotFound(string id) => new(StatusCodes.Status404NotFound, "member_not_found", $"There is no member '{id}'.", "id");

    private sealed record MemberList(string Object, IReadOnlyList<MemberView> Data);

    private sealed record InvitedView(MemberView Member, string InviteUrl, DateTimeOffset InviteExpiresAt);
}
