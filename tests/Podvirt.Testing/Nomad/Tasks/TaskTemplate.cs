using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Tasks;

/// <summary>
/// The part of consul-template that job files of this repository use: <c>{{ with nomadVar "path" }}…{{ .key }}…{{ end }}</c>,
/// <c>{{ .key.Value | toJSON }}</c> and <c>{{ env "NAME" }}</c>, of the task or of its node. A variable that does not exist holds the task back until it does. Anything else fails the task.
/// </summary>
internal static partial class TaskTemplate
{
    /// <summary>As Go writes strings, apart from what HTML would need.</summary>
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task RenderAsync(TaskClient client, AllocationRun run, TaskRun task, TaskEnvironment environment, JsonObject template)
    {
        var waited = false;
        while (true)
        {
            var changed = client.State.Changed;
            var missing = default(string);
            var text = client.State.Read(state => Render(state, run.Allocation.Job.Namespace, environment, Json.Text(template["EmbeddedTmpl"]), out missing));
            if (missing is null)
            {
                Write(environment, template, text);
                return;
            }
            if (!waited)
            {
                waited = true;
                task.Note("Template", $"Missing: nomad.var.block({missing}@{run.Allocation.Job.Namespace}.global)");
                // Reporting was a write of its own; look once more before waiting.
                continue;
            }
            await changed.WaitAsync(run.Stopping);
        }
    }

    private static string Render(NomadState state, string space, TaskEnvironment environment, string template, out string? missing)
    {
        var absent = default(string);
        var text = With().Replace(template, match =>
        {
            var path = match.Groups["path"].Value;
            if (!state.Variables.TryGetValue((space, path), out var variable))
            {
                absent ??= path;
                return "";
            }
            return Key().Replace(match.Groups["body"].Value, key => variable.Items.TryGetValue(key.Groups["key"].Value, out var value)
                ? key.Groups["json"].Success ? JsonValue.Create(value).ToJsonString(s_json) : value
                : throw new TaskStartException($"Template failed: map has no entry for key \"{key.Groups["key"].Value}\""));
        });
        text = Env().Replace(text, match => environment.Value(match.Groups["name"].Value) ?? "");
        missing = absent;
        return Rest().Match(text) is { Success: true } unknown ? throw new TaskStartException($"Template failed: {unknown.Value} is not known here") : text;
    }

    private static void Write(TaskEnvironment environment, JsonObject template, string text)
    {
        var destination = environment.Fill(Json.Text(template["DestPath"]));
        var file = Path.IsPathRooted(destination) ? destination : Path.Combine(environment.TaskFolder, destination);
        if (!Path.GetFullPath(file).StartsWith(Path.GetDirectoryName(environment.TaskFolder)!, StringComparison.Ordinal))
        {
            throw new TaskStartException("Template failed: template destination path escapes alloc directory");
        }
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32(Json.Text(template["Perms"]) is { Length: > 0 } perms ? perms : "0644", 8));
        }
        if (!Json.Truth(template["Envvars"]))
        {
            return;
        }
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries).Where(static l => l.Contains('=') && !l.StartsWith('#')))
        {
            var (name, value) = (line[..line.IndexOf('=', StringComparison.Ordinal)], line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            environment.Set(name, value.StartsWith('"') ? Json.Text(JsonNode.Parse(value)) : value);
        }
    }

    [GeneratedRegex(@"\{\{-?\s*with nomadVar ""(?<path>[^""]+)""\s*-?\}\}(?<body>.*?)\{\{-?\s*end\s*-?\}\}", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex With();

    [GeneratedRegex(@"\{\{-?\s*\.(?<key>\w+)(\.Value)?\s*(?<json>\|\s*toJSON\s*)?-?\}\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Key();

    [GeneratedRegex(@"\{\{-?\s*env ""(?<name>[^""]+)""\s*-?\}\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Env();

    [GeneratedRegex(@"\{\{.*?\}\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rest();
}
