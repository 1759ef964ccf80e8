using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Tasks;

/// <summary>Makes a task's folders, templates, environment and command line, as its driver would.</summary>
internal static class TaskStart
{
    /// <exception cref="TaskStartException">The driver cannot run it.</exception>
    public static async Task<TaskCommand> PrepareAsync(TaskClient client, AllocationRun run, TaskRun task)
    {
        var environment = new TaskEnvironment(run, task);
        foreach (var folder in environment.Folders)
        {
            Directory.CreateDirectory(folder);
        }
        foreach (var template in Json.Items(task.Spec["Templates"]))
        {
            await TaskTemplate.RenderAsync(client, run, task, environment, template);
        }
        foreach (var (name, value) in task.Spec["Env"] as JsonObject ?? [])
        {
            environment.Set(name, environment.Fill(Json.Text(value)));
        }
        var config = task.Spec["Config"] as JsonObject ?? [];
        var arguments = Json.Texts(config["args"]).Select(environment.Fill).ToArray();
        var command = environment.Fill(Json.Text(config["command"]));
        IReadOnlyList<string> start = Json.Text(task.Spec["Driver"]) switch
        {
            "docker" => Image(client.Options, environment.Fill(Json.Text(config["image"])), command),
            "raw_exec" or "exec" => client.Options.Commands.GetValueOrDefault(command) ?? [command],
            var other => throw new TaskStartException($"driver \"{other}\" is not available"),
        };
        if (!Exists(start[0], environment.TaskFolder))
        {
            throw new TaskStartException($"failed to launch command with executor: rpc error: code = Unknown desc = file {start[0]} not found under path");
        }
        return new TaskCommand(start[0], [.. start.Skip(1), .. arguments], environment.Values, environment.TaskFolder);
    }

    /// <summary>What runs instead of a container. It listens on the host's port: no network stands between.</summary>
    private static IReadOnlyList<string> Image(NomadDoubleOptions options, string image, string command) =>
        !options.Images.TryGetValue(image, out var stead)
            ? throw new TaskStartException($"Failed to pull `{image}`: API error (404): manifest for {image} not found: manifest unknown")
            : command.Length > 0 && options.Commands.TryGetValue(command, out var other) ? other : stead;

    private static bool Exists(string command, string folder) => command.Contains('/')
        ? File.Exists(Path.Combine(folder, command))
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(p => File.Exists(Path.Combine(p, command)));
}
