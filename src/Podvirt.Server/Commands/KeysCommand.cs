using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt keys create|list|update|rotate|revoke</c>.</summary>
internal static class KeysCommand
{
    public static Command Build(CommandContext context) => new("keys", "Create, list, change, rotate and revoke API keys")
    {
        BuildCreate(context),
        BuildList(context),
        BuildUpdate(context),
        BuildRotate(context),
        BuildRevoke(context),
    };

    private static ClientCommand BuildCreate(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "What the key is called" };
        var project = new Option<string?>("--project") { Description = "Whose key it is; default: default", HelpName = "ID" };
        var command = new ClientCommand("create", "Create a key; its secret is shown once", context) { name, project };
        var options = new KeyOptions(command, "Lifetime, such as 12h or 30d; without one the key has no end");
        command.SetCall(
            "Creating the key",
            (parsed, client, cancellationToken) =>
            {
                var body = new JsonObject { ["name"] = parsed.GetRequiredValue(name) };
                if (parsed.GetValue(project) is { } id)
                {
                    body["project"] = id;
                }
                options.AddTo(body, parsed);
                return client.PostAsync("/api/keys", body, cancellationToken);
            },
            (_, answer) => ShowSecret(context, answer, "has the id"));
        return command;
    }

    private static ClientCommand BuildList(CommandContext context)
    {
        var project = new Option<string?>("--project") { Description = "Only of this project", HelpName = "ID" };
        var command = new ClientCommand("list", "List all keys", context) { project };
        command.SetCall(
            "Asking for the keys",
            (parsed, client, cancellationToken) => client.GetAsync(
                parsed.GetValue(project) is { } id ? $"/api/keys?project={Uri.EscapeDataString(id)}" : "/api/keys", cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("ID", false, k => k.Text("id")),
                ("NAME", false, k => k.Text("name")),
                ("PROJECT", false, k => k.Text("project")),
                ("KEY", false, k => k.Text("prefix") + "…"),
                ("STATUS", false, k => k.Text("status")),
                ("MODELS", false, Models),
                ("REQUESTS/MIN", true, k => k.Text("requests_per_minute")),
                ("TOKENS/MIN", true, k => k.Text("tokens_per_minute")),
                ("BUDGET", true, k => k.Text("monthly_budget")),
                ("SPENT", true, k => k.Text("spent_this_month")),
                ("CREATED", false, k => Time(k, "created_at")),
                ("LAST USED", false, k => Time(k, "last_used_at")),
                ("EXPIRES", false, k => Time(k, "expires_at"))));
        return command;
    }

    private static ClientCommand BuildUpdate(CommandContext context)
    {
        var id = Id();
        var name = new Option<string?>("--name") { Description = "What the key is called", HelpName = "NAME" };
        var command = new ClientCommand("update", "Change a key's name, expiry or limits, from now on; what is not said stays", context) { id, name };
        var options = new KeyOptions(command, "Lifetime from now, such as 12h or 30d; 'never' for no end");
        command.SetCall(
            "Changing the key",
            (parsed, client, cancellationToken) =>
            {
                var body = new JsonObject();
                if (parsed.GetValue(name) is { } text)
                {
                    body["name"] = text;
                }
                options.AddTo(body, parsed);
                return body.Count == 0
                    ? throw new CommandFailure("Nothing to change: say what, such as --requests-per-minute 60.", ExitCodes.Usage)
                    : client.PatchAsync(PathOf(parsed.GetRequiredValue(id)), body, cancellationToken);
            },
            (_, answer) => context.Terminal.Output.WriteLine($"Key '{answer.Text("name")}' ({answer.Text("id")}) is changed."));
        return command;
    }

    private static ClientCommand BuildRotate(CommandContext context)
    {
        var id = Id();
        var overlap = new Option<string?>("--overlap") { Description = "How long the old secret works on, such as 24h; 0s ends it at once; default 1h", HelpName = "TIME" };
        var command = new ClientCommand("rotate", "Give a key a new secret; it is shown once", context) { id, overlap };
        command.SetCall(
            "Rotating the key",
            (parsed, client, cancellationToken) =>
                client.PostAsync(PathOf(parsed.GetRequiredValue(id)) + "/rotate", new { overlap = parsed.GetValue(overlap) }, cancellationToken),
            (_, answer) => ShowSecret(context, answer, "has a new secret; its id stays"));
        return command;
    }

    private static ClientCommand BuildRevoke(CommandContext context)
    {
        var id = Id();
        var command = new ClientCommand("revoke", "Revoke a key: it stops working at once", context) { id };
        command.SetCall(
            "Revoking the key",
            (parsed, client, cancellationToken) => client.DeleteAsync(PathOf(parsed.GetRequiredValue(id)), cancellationToken),
            (_, answer) => context.Terminal.Output.WriteLine($"Key '{answer.Text("name")}' ({answer.Text("id")}) is revoked."));
        return command;
    }

    private static Argument<string> Id() => new("ID") { Description = "The key's id, as 'podvirt keys list' shows it" };

    private static string PathOf(string id) => "/api/keys/" + Uri.EscapeDataString(id);

    private static void ShowSecret(CommandContext context, JsonElement answer, string what)
    {
        var key = answer.GetProperty("key");
        context.Terminal.Error.WriteLine($"Key '{key.Text("name")}' {what} {key.Text("id")}. Keep its secret: it is not shown again.");
        context.Terminal.Output.WriteLine(answer.Text("secret"));
    }

    private static string Models(JsonElement key) =>
        key.TryGetProperty("models", out var models) && models.ValueKind == JsonValueKind.Array ? string.Join(',', models.EnumerateArray().Select(m => m.GetString())) : "all";

    private static string Time(JsonElement key, string name) =>
        key.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetDateTimeOffset().ToString("yyyy-MM-dd HH:mm'Z'") : "-";
}
