using System.CommandLine;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt members list|add|invite|disable|enable|remove</c>.</summary>
internal static class MembersCommand
{
    public static Command Build(CommandContext context) => new("members", "Add, list, disable and remove people who may sign in to the console")
    {
        BuildList(context),
        BuildAdd(context),
        BuildInvite(context),
        BuildSwitch(context, "disable", "Disable a member: they are signed out at once", isDisabled: true),
        BuildSwitch(context, "enable", "Let a disabled member sign in again", isDisabled: false),
        BuildRemove(context),
    };

    private static ClientCommand BuildList(CommandContext context)
    {
        var command = new ClientCommand("list", "List the members", context);
        command.SetCall(
            "Asking for the members",
            (_, client, cancellationToken) => client.GetAsync("/api/members", cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("ID", false, m => m.Text("id")),
                ("NAME", false, m => m.Text("name")),
                ("E-MAIL", false, m => m.Text("email")),
                ("ROLE", false, m => m.Text("role")),
                ("PROJECTS", false, Projects),
                ("STATUS", false, m => m.Text("status")),
                ("SIGNS IN BY", false, m => m.GetProperty("oidc").GetBoolean() ? "provider" : "password"),
                ("LAST SIGN-IN", false, m => Time(m, "last_sign_in_at"))));
        return command;
    }

    private static ClientCommand BuildAdd(CommandContext context)
    {
        var email = new Argument<string>("E-MAIL") { Description = "What they sign in with" };
        var name = new Option<string?>("--name") { Description = "What they are called; default: the address", HelpName = "NAME" };
        var role = new Option<string>("--role") { Description = "member or admin", HelpName = "ROLE", DefaultValueFactory = _ => "member" };
        var projects = new Option<string[]>("--project") { Description = "A project that they see; may be given more than once", HelpName = "ID" };
        var command = new ClientCommand("add", "Add a member; the link that sets their password is shown once", context) { email, name, role, projects };
        command.SetCall(
            "Adding the member",
            (parsed, client, cancellationToken) => client.PostAsync(
                "/api/members",
                new
                {
                    name = parsed.GetValue(name) ?? parsed.GetRequiredValue(email),
                    email = parsed.GetRequiredValue(email),
                    role = parsed.GetRequiredValue(role),
                    projects = parsed.GetValue(projects) ?? [],
                },
                cancellationToken),
            (_, answer) => ShowLink(context, answer));
        return command;
    }

    private static ClientCommand BuildInvite(CommandContext context)
    {
        var id = Id();
        var command = new ClientCommand("invite", "Make a new link for a member; their password and the link before end", context) { id };
        command.SetCall(
            "Making the link",
            (parsed, client, cancellationToken) => client.PostAsync(PathOf(parsed.GetRequiredValue(id)) + "/invite", new { }, cancellationToken),
            (_, answer) => ShowLink(context, answer));
        return command;
    }

    private static ClientCommand BuildSwitch(CommandContext context, string verb, string description, bool isDisabled)
    {
        var id = Id();
        var command = new ClientCommand(verb, description, context) { id };
        command.SetCall(
            "Changing the member",
            (parsed, client, cancellationToken) => client.PatchAsync(PathOf(parsed.GetRequiredValue(id)), new { disabled = isDisabled }, cancellationToken),
            (_, answer) => context.Terminal.Output.WriteLine($"{Named(answer)} is {answer.Text("status")}."));
        return command;
    }

    private static ClientCommand BuildRemove(CommandContext context)
    {
        var id = Id();
        var command = new ClientCommand("remove", "Remove a member and their conversations", context) { id };
        command.SetCall(
            "Removing the member",
            (parsed, client, cancellationToken) => client.DeleteAsync(PathOf(parsed.GetRequiredValue(id)), cancellationToken),
            (_, answer) => context.Terminal.Output.WriteLine($"{Named(answer)} is removed."));
        return command;
    }

    private static Argument<string> Id() => new("ID") { Description = "The member's id, as 'podvirt members list' shows it" };

    private static string PathOf(string id) => "/api/members/" + Uri.EscapeDataString(id);

    private static string Named(JsonElement member) => $"Member '{member.Text("name")}' ({member.Text("id")})";

    private static void ShowLink(CommandContext context, JsonElement answer)
    {
        var member = answer.GetProperty("member");
        context.Terminal.Error.WriteLine($"{Named(member)} sets a password with this link, once, until {Time(answer, "invite_expires_at")}. It is not shown again.");
        context.Terminal.Output.WriteLine(answer.Text("invite_url"));
    }

    private static string Projects(JsonElement member) =>
        member.Text("role") == "admin" ? "all" : string.Join(',', member.Items("projects").Select(id => id.GetString())) is { Length: > 0 } ids ? ids : "-";

    private static string Time(JsonElement element, string name) =>
        element.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetDateTimeOffset().ToString("yyyy-MM-dd HH:mm'Z'") : "-";
}
