using System.Text.RegularExpressions;

namespace Podvirt.Configuration;

/// <summary>What an operator may not say to an engine, because Podvirt says it, and where to say it instead.</summary>
internal static partial class EngineRules
{
    private const string Address = "remove it: Podvirt chooses a free port on loopback";

    /// <summary>Options of the engines that Podvirt makes the command line for.</summary>
    private static readonly Dictionary<string, string> s_arguments = new(StringComparer.Ordinal)
    {
        ["--host"] = Address,
        ["--port"] = Address,
        ["--uds"] = Address,
        ["--api-key"] = "remove it: each engine gets a random key in its environment, where no process list shows it",
        ["--served-model-name"] = "write served_as",
        ["--gpu-memory-utilization"] = "write gpu: { memory: 20GiB }, from which it is computed",
        ["--enable-sleep-mode"] = "remove it: it is always on",
        ["--no-enable-sleep-mode"] = "remove it, and give the model times under idle that never let it sleep",
        ["--omni"] = "write kind: vllm-omni",
    };

    private static readonly Dictionary<string, string> s_variables = new(StringComparer.Ordinal)
    {
        ["VLLM_API_KEY"] = "remove it: each engine gets a random key of its own",
        ["VLLM_SERVER_DEV_MODE"] = "remove it: it is always on",
        ["CUDA_VISIBLE_DEVICES"] = "remove it, and say which gpus Podvirt may use with the key gpus",
        ["CUDA_DEVICE_ORDER"] = "remove it: devices are named by their UUID",
    };

    public static void CheckArguments(MapReader map, IReadOnlyList<string> arguments)
    {
        foreach (var argument in arguments)
        {
            var name = argument.Split('=', 2)[0].Replace('_', '-');
            if (s_arguments.TryGetValue(name, out var remedy))
            {
                map.Error("args", $"{name} is set by Podvirt", remedy);
            }
        }
    }

    /// <param name="env">The map <c>env</c>.</param>
    /// <param name="isCommand">An engine of kind command: only what Podvirt itself lives by is refused.</param>
    public static void CheckVariable(MapReader env, string name, bool isCommand)
    {
        if (name.StartsWith("PODVIRT_", StringComparison.Ordinal))
        {
            env.Error(name, "belongs to Podvirt, which hands no variable of that name to an engine", "choose another name");
        }
        else if (!isCommand && s_variables.TryGetValue(name, out var remedy))
        {
            env.Error(name, "is set by Podvirt", remedy);
        }
    }

    /// <summary>Only <c>{port}</c>, <c>{host}</c>, <c>{gpus}</c> and <c>{model}</c> are filled in; another word in braces is most likely a slip.</summary>
    public static void CheckPlaceholders(MapReader map, string key, IReadOnlyList<string> parts)
    {
        foreach (var word in parts.SelectMany(part => Placeholder().Matches(part)).Select(match => match.Value))
        {
            if (word is not ("{port}" or "{host}" or "{gpus}" or "{model}"))
            {
                map.Error(key, $"{word} is nothing that Podvirt fills in", "write {port}, {host}, {gpus} or {model}");
            }
        }
    }

    [GeneratedRegex(@"\{[A-Za-z_]+\}", RegexOptions.None, 1000)]
    private static partial Regex Placeholder();
}
