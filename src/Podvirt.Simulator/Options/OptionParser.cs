using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Podvirt.Simulator.Options;

/// <summary>Reads <c>serve MODEL [options]</c>. Underscores in option names count as dashes, as they do for vLLM.</summary>
internal static class OptionParser
{
    /// <param name="args">The command line without the executable.</param>
    /// <param name="environment">Looks up an environment variable.</param>
    /// <param name="options">The result, when true is returned.</param>
    /// <param name="error">Every problem, one per line, when false is returned.</param>
    public static bool TryParse(
        IReadOnlyList<string> args,
        Func<string, string?> environment,
        [NotNullWhen(true)] out SimulatorOptions? options,
        out string error)
    {
        var result = new SimulatorOptions
        {
            DevMode = environment("VLLM_SERVER_DEV_MODE") == "1",
            ResponseStore = environment("VLLM_ENABLE_RESPONSES_API_STORE") == "1",
            ApiKey = environment("VLLM_API_KEY") is { Length: > 0 } key ? key : null,
            VisibleDevices = environment("CUDA_VISIBLE_DEVICES"),
        };
        var problems = new List<string>();
        if (args.Count == 0 || args[0] != "serve")
        {
            problems.Add("the command must be: serve MODEL [options]");
        }
        else
        {
            ReadArguments(args, result, problems);
        }

        if (problems.Count == 0 && result.Model.Length == 0)
        {
            problems.Add("serve needs the name of a MODEL");
        }

        if (result is { AutoToolChoice: true, ToolCallParser: null })
        {
            problems.Add("--enable-auto-tool-choice requires --tool-call-parser");
        }

        if (result is { Kind: ModelKind.Video, Omni: false })
        {
            problems.Add("--sim-type video needs --omni");
        }

        if (result.ServedModelNames.Count == 0)
        {
            result.ServedModelNames.Add(result.Model);
        }

        error = string.Join('\n', problems);
        options = problems.Count == 0 ? result : null;
        return options is not null;
    }

    public static string Help()
    {
        var text = new StringBuilder("usage: Podvirt.Simulator serve MODEL [options]\n\n");
        foreach (var spec in OptionTable.All)
        {
            text.Append("  ").Append($"{spec.Name} {spec.Value}".PadRight(38)).Append(' ').Append(spec.Help).Append('\n');
        }

        return text.Append("\nA duration is a number and us, ms, s or m. A switch has a --no- form.\n").ToString();
    }

    private static void ReadArguments(IReadOnlyList<string> args, SimulatorOptions options, List<string> problems)
    {
        for (var i = 1; i < args.Count; i++)
        {
            var arg = args[i];
            if (!arg.StartsWith("--", StringComparison.Ordinal))
            {
                if (options.Model.Length > 0)
                {
                    problems.Add($"'{arg}' is one name too many: the model is already '{options.Model}'");
                    continue;
                }

                options.Model = arg;
                continue;
            }

            var equals = arg.IndexOf('=', StringComparison.Ordinal);
            var name = (equals < 0 ? arg : arg[..equals]).Replace('_', '-');
            var inline = equals < 0 ? null : arg[(equals + 1)..];
            if (Find(name, out var negated) is not { } spec)
            {
                problems.Add($"unknown option {name}; did you mean {Closest(name)}?");
                // What follows an unknown option is most likely its value, not a model.
                i += inline is null && i + 1 < args.Count && !IsOption(args[i + 1]) ? 1 : 0;
                continue;
            }

            if (spec.Value is null)
            {
                Check(spec, inline ?? (negated ? OptionTable.Off : OptionTable.On), options, problems);
                continue;
            }

            if (inline is null && (i + 1 >= args.Count || IsOption(args[i + 1])))
            {
                problems.Add($"{name} needs a value: {spec.Value}");
                continue;
            }

            Check(spec, inline ?? args[++i], options, problems);
            while (spec.Many && inline is null && i + 1 < args.Count && !IsOption(args[i + 1]))
            {
                Check(spec, args[++i], options, problems);
            }
        }
    }

    private static bool IsOption(string arg) => arg.StartsWith("--", StringComparison.Ordinal);

    private static void Check(OptionSpec spec, string value, SimulatorOptions options, List<string> problems)
    {
        var right = spec.Value is null && value is not (OptionTable.On or OptionTable.Off)
            ? "no value, it is a switch"
            : spec.Apply(options, value);
        if (right is not null)
        {
            problems.Add($"{spec.Name} cannot be '{value}'; it takes {right}");
        }
    }

    private static OptionSpec? Find(string name, out bool negated)
    {
        negated = false;
        foreach (var spec in OptionTable.All)
        {
            if (spec.Name == name)
            {
                return spec;
            }

            if (spec.Value is null && name.StartsWith("--no-", StringComparison.Ordinal) && name.AsSpan(5).SequenceEqual(spec.Name.AsSpan(2)))
            {
                negated = true;
                return spec;
            }
        }

        return null;
    }

    private static string Closest(string name) =>
        OptionTable.All.Select(spec => spec.Name).MinBy(known => Distance(name, known))!;

    private static int Distance(string a, string b)
    {
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        var current = new int[b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(change, Math.Min(previous[j], current[j - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
