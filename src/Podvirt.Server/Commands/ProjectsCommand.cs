using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt projects list|create|rename|plan|archive|restore|usage</c> and <c>podvirt plans</c>.</summary>
internal static class ProjectsCommand
{
    public static Command Build(CommandContext context) => new("projects", "Create, list, rename and archive projects, and give them plans")
    {
        BuildList(context),
        BuildCreate(context),
        BuildChange(context, "rename", "Rename a project; its id stays", new Argument<string>("NAME") { Description = "The new name" }, "name"),
        BuildChange(context, "plan", "Give a project another plan, from now on", new Argument<string>("PLAN") { Description = "A plan of podvirt.yaml, or 'unlimited'" }, "plan"),
        BuildAction(context, "archive", "Archive a project: its keys are refused from now on"),
        BuildAction(context, "restore", "Take an archived project back: its keys work again"),
        BuildUsage(context),
    };

    public static Command BuildPlans(CommandContext context)
    {
        var command = new ClientCommand("plans", "List the plans and who has them", context);
        command.SetCall(
            "Asking for the plans",
            (_, client, cancellationToken) => client.GetAsync("/api/plans", cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("PLAN", false, p => p.Text("id")),
                ("TOKENS/MONTH", false, p => Limits(p, "tokens_per_month")),
                ("VIDEO SECONDS/MONTH", false, p => Limits(p, "video_seconds_per_month")),
                ("REQUESTS/MIN", true, p => p.Text("requests_per_minute")),
                ("TOKENS/MIN", true, p => p.Text("tokens_per_minute")),
                ("PROJECTS", false, p => string.Join(',', p.Items("projects").Select(id => id.GetString())))));
        return command;
    }

    private static ClientCommand BuildList(CommandContext context)
    {
        var command = new ClientCommand("list", "List the projects", context);
        command.SetCall(
            "Asking for the projects",
            (_, client, cancellationToken) => client.GetAsync("/api/projects", cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("ID", false, p => p.Text("id")),
                ("NAME", false, p => p.Text("name")),
                ("PLAN", false, p => p.Text("plan")),
                ("STATUS", false, p => p.Text("archived_at") == "-" ? "active" : "archived")));
        return command;
    }

    private static ClientCommand BuildCreate(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "What the project is called" };
        var id = new Option<string?>("--id") { Description = "Stands in usage records for ever; default: made of the name", HelpName = "ID" };
        var plan = new Option<string?>("--plan") { Description = "A plan of podvirt.yaml; default: unlimited", HelpName = "PLAN" };
        var command = new ClientCommand("create", "Create a project", context) { name, id, plan };
        command.SetCall(
            "Creating the project",
            (parsed, client, cancellationToken) => client.PostAsync(
                "/api/projects", new { name = parsed.GetRequiredValue(name), id = parsed.GetValue(id), plan = parsed.GetValue(plan) }, cancellationToken),
            (_, answer) => Show(context, answer));
        return command;
    }

    private static ClientCommand BuildChange(CommandContext context, string verb, string description, Argument<string> value, string member)
    {
        var id = Id();
        var command = new ClientCommand(verb, description, context) { id, value };
        command.SetCall(
            "Changing the project",
            (parsed, client, cancellationToken) =>
                client.PatchAsync(PathOf(parsed.GetRequiredValue(id)), new JsonObject { [member] = parsed.GetRequiredValue(value) }, cancellationToken),
            (_, answer) => Show(context, answer));
        return command;
    }

    private static ClientCommand BuildAction(CommandContext context, string verb, string description)
    {
        var id = Id();
        var command = new ClientCommand(verb, description, context) { id };
        command.SetCall(
            "Changing the project",
            (parsed, client, cancellationToken) => client.PostAsync($"{PathOf(parsed.GetRequiredValue(id))}/{verb}", new { }, cancellationToken),
            (_, answer) => Show(context, answer));
        return command;
    }

    private static ClientCommand BuildUsage(CommandContext context)
    {
        var id = Id();
        var command = new ClientCommand("usage", "Show what a project used of its plan this month", context) { id };
        command.SetCall(
            "Asking for the usage",
            (parsed, client, cancellationToken) => client.GetAsync(PathOf(parsed.GetRequiredValue(id)) + "/usage", cancellationToken),
            (_, answer) =>
            {
                context.Terminal.Table(
                    answer.Items("models"),
                    ("MODEL", false, m => m.Text("model")),
                    ("TOKENS", true, m => m.Text("used")),
                    ("OF", true, m => m.Text("limit")),
                    ("VIDEO SECONDS", true, m => m.Text("video_used")),
                    ("OF", true, m => m.Text("video_limit")),
                    ("USD", true, m => m.Text("cost")));
                context.Terminal.Error.WriteLine($"Plan {answer.Text("plan")}, {answer.Text("from")} to {answer.Text("to")}.");
            });
        return command;
    }

    private static Argument<string> Id() => new("ID") { Description = "The project's id, as 'podvirt projects list' shows it" };

    private static string PathOf(string id) => "/api/projects/" + Uri.EscapeDataString(id);

    private static void Show(CommandContext context, JsonElement project) => context.Terminal.Output.WriteLine(
        $"Project '{project.Text("name")}' ({project.Text("id")}), plan {project.Text("plan")}{(project.Text("archived_at") == "-" ? "" : ", archived")}.");

    // For example: 1000000, qwen3-8b 200000.
    private static string Limits(JsonElement plan, string name)
    {
        var limits = plan.GetProperty(name);
        IEnumerable<string> named = limits.GetProperty("models").EnumerateObject().Select(m => $"{m.Name} {m.Value}");
        var all = limits.Text("default");
        return string.Join(", ", all == "-" ? named : named.Prepend(all)) is { Length: > 0 } text ? text : "-";
    }
}
