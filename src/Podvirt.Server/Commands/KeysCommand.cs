using System.CommandLine;
using System.Text.Json;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt keys create|list|revoke</c>.</summary>
internal static class KeysCommand
{
    public static Command Build(CommandContext context) => new("keys", "Create, list and revoke API keys")
    {
        BuildCreate(context),
        BuildList(context),
        BuildRevoke(context),
    };

    private static ClientCommand BuildCreate(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "What the key is called" };
        var expires = new Option<string?>("--expires") { Description = "Lifetime, such as 12h or 30d; without one the key has no end", HelpName = "TIME" };
        var command = new ClientCommand("create", "Create a key; its secret is shown once", context);
        command.Add(name);
        command.Add(expires);
        command.SetCall(
            "Creating the key",
            (parsed, client, cancellationToken) =>
                client.PostAsync("/api/keys", new { name = parsed.GetRequiredValue(name), expires_in = parsed.GetValue(expires) }, cancellationToken),
            (_, answer) =>
            {
                var key = answer.GetProperty("key");
                context.Terminal.Error.WriteLine($"Key '{key.Text("name")}' has the id {key.Text("id")}. Keep its secret: it is not shown again.");
                context.Terminal.Output.WriteLine(answer.Text("secret"));
            });
        return command;
    }

    private static ClientCommand BuildList(CommandContext context)
    {
        var command = new ClientCommand("list", "List all keys", context);
        command.SetCall(
            "Asking for the keys",
            (_, client, cancellationToken) => client.GetAsync("/api/keys", cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("ID", false, k => k.Text("id")),
                ("NAME", false, k => k.Text("name")),
                ("KEY", false, k => k.Text("prefix") + "…"),
                ("STATUS", false, k => k.Text("status")),
                ("CREATED", false, k => Time(k, "created_at")),
                ("EXPIRES", false, k => Time(k, "expires_at"))));
        return command;
    }

    private static ClientCommand BuildRevoke(CommandContext context)
    {
        var id = new Argument<string>("ID") { Description = "The key's id, as 'podvirt keys list' shows it" };
        var command = new ClientCommand("revoke", "Revoke a key: it stops working at once", context);
        command.Add(id);
        command.SetCall(
            "Revoking the key",
            (parsed, client, cancellationToken) => client.DeleteAsync("/api/keys/" + Uri.EscapeDataString(parsed.GetRequiredValue(id)), cancellationToken),
            (_, answer) => context.Terminal.Output.WriteLine($"Key '{answer.Text("name")}' ({answer.Text("id")}) is revoked."));
        return command;
    }

    private static string Time(JsonElement key, string name) =>
        key.GetProperty(name) is { ValueKind: JsonValueKind.String } text ? text.GetDateTimeOffset().ToString("yyyy-MM-dd HH:mm'Z'") : "-";
}
