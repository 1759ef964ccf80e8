using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt replicas</c>, <c>podvirt gpus [drain|undrain ID]</c>, <c>podvirt transitions</c>.</summary>
internal static class FleetCommands
{
    public static Command BuildReplicas(CommandContext context)
    {
        var model = new Option<string?>("--model") { Description = "Only of this model", HelpName = "ID" };
        var command = new ClientCommand("replicas", "List the replicas and what they are doing", context);
        command.Add(model);
        command.SetCall(
            "Asking for the replicas",
            (parsed, client, cancellationToken) => client.GetAsync("/api/replicas" + Query(("model", parsed.GetValue(model))), cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("REPLICA", false, r => r.Text("id")),
                ("MODEL", false, r => r.Text("model")),
                ("REV", true, r => r.Text("revision")),
                ("STATE", false, r => r.Text("phase") is var phase and not "-" ? $"{r.Text("state")} ({phase})" : r.Text("state")),
                ("SINCE", false, r => Time(r, "since")),
                ("GPUS", false, r => string.Join(',', r.Items("gpus").Select(g => g.GetString()))),
                ("MEMORY", true, r => Sizes.Text(r.GetProperty("memory_bytes").GetInt64())),
                ("HOST", true, r => Sizes.Text(r.GetProperty("host_memory_bytes").GetInt64())),
                ("IN FLIGHT", true, r => r.Text("in_flight")),
                ("CAUSE", false, r => r.Text("cause")),
                ("REASON", false, r => r.Text("reason"))));
        return command;
    }

    public static Command BuildGpus(CommandContext context)
    {
        var command = new ClientCommand("gpus", "List the gpus and what they hold; drain one", context)
        {
            BuildGpuAction(context, "drain", "Place nothing on a gpu any more, and move what is there"),
            BuildGpuAction(context, "undrain", "Let a gpu take replicas again"),
        };
        command.SetCall(
            "Asking for the gpus",
            (_, client, cancellationToken) => client.GetAsync("/api/gpus", cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("GPU", false, g => g.Text("id")),
                ("TYPE", false, g => g.Text("type")),
                ("NODE", false, g => g.Text("node")),
                ("STATUS", false, g => g.Text("status")),
                ("MEMORY", true, g => Sizes.Text(g.GetProperty("memory_bytes").GetInt64())),
                ("RESERVED", true, g => Sizes.Text(g.GetProperty("reserved_bytes").GetInt64())),
                ("ASLEEP", true, g => Sizes.Text(g.GetProperty("sleeping_bytes").GetInt64())),
                ("FREE", true, g => Sizes.Text(g.GetProperty("free_bytes").GetInt64())),
                ("HOLDS", false, g => string.Join(", ", g.Items("replicas").Select(r => $"{r.Text("model")} ({r.Text("state")})")))));
        return command;
    }

    public static Command BuildTransitions(CommandContext context)
    {
        var model = new Option<string?>("--model") { Description = "Only of this model", HelpName = "ID" };
        var replica = new Option<string?>("--replica") { Description = "Only of this replica", HelpName = "ID" };
        var limit = new Option<int>("--limit") { Description = "How many of the newest, at most 1000", HelpName = "N", DefaultValueFactory = _ => 50 };
        var command = new ClientCommand("transitions", "List changes of replicas' states, the newest last, with their causes", context);
        command.Add(model);
        command.Add(replica);
        command.Add(limit);
        command.SetCall(
            "Asking for the transitions",
            (parsed, client, cancellationToken) => client.GetAsync(
                "/api/transitions" + Query(
                    ("model", parsed.GetValue(model)), ("replica", parsed.GetValue(replica)),
                    ("limit", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture))),
                cancellationToken),
            (_, answer) => context.Terminal.Table(
                [.. answer.Items().Reverse()],
                ("AT", false, t => Time(t, "at")),
                ("MODEL", false, t => t.Text("model")),
                ("REPLICA", false, t => t.Text("replica")),
                ("FROM", false, t => t.Text("from")),
                ("TO", false, t => t.Text("to") is var to and not "-" ? to : "gone"),
                ("TOOK_MS", true, t => t.Text("took_ms")),
                ("CAUSE", false, t => t.Text("cause")),
                ("REASON", false, t => t.Text("reason"))));
        return command;
    }

    private static ClientCommand BuildGpuAction(CommandContext context, string action, string description)
    {
        var id = new Argument<string>("ID") { Description = "The gpu's id, as 'podvirt gpus' shows it" };
        var command = new ClientCommand(action, description, context);
        command.Add(id);
        command.SetCall(
            "Waiting for the scheduler",
            (parsed, client, cancellationToken) => client.PostAsync(
                $"/api/gpus/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}/{action}", new { }, cancellationToken),
            (_, answer) => context.Terminal.Output.WriteLine(answer.Text("message")));
        return command;
    }

    private static string Query(params IEnumerable<(string Name, string? Value)> parameters)
    {
        var given = parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}").ToList();
        return given.Count == 0 ? "" : "?" + string.Join('&', given);
    }

    private static string Time(JsonElement element, string name) => element.GetProperty(name).GetDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'");
}

/// <summary>Bytes for people.</summary>
internal static class Sizes
{
    private const double GibiByte = 1L << 30;

    public static string Text(long bytes) => (bytes / GibiByte).ToString("0.#", CultureInfo.InvariantCulture) + "GiB";
}
