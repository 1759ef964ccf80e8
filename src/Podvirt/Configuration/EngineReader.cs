using Podvirt.Core.Models;

namespace Podvirt.Configuration;

/// <summary>The <c>engine</c> of a model: which keys have a meaning depends on its kind.</summary>
internal static class EngineReader
{
    private const string Example = "engine: { kind: vllm, model: Qwen/Qwen3-8B }";

    private static readonly TimeSpan _timeoutMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _timeoutMax = TimeSpan.FromHours(24);

    public static EngineSpec Read(MapReader model, string modelId, Func<string, string?> environment)
    {
        var nothing = new EngineSpec { Kind = EngineKind.Simulated };
        if (model.TakeMap("engine", Example) is not { } map)
        {
            if (!model.Has("engine"))
            {
                model.Error("engine", "is missing", $"say what serves the model: {Example}");
            }
            return nothing;
        }
        var allowed = string.Join(", ", EngineKinds.All);
        var kindText = map.TakeRequiredText("kind", $"choose one of {allowed}");
        if (!EngineKinds.TryParse(kindText, out var kind))
        {
            if (kindText.Length > 0)
            {
                map.Error("kind", $"'{kindText}' is not a kind of engine", $"choose one of {allowed}");
            }
            return nothing;
        }
        var defaults = new EngineSpec { Kind = kind };
        var engine = defaults with
        {
            ServedAs = ReadServedAs(map),
            StartTimeout = map.TakeDuration("start_timeout", _timeoutMin, _timeoutMax) ?? defaults.StartTimeout,
            TokenTimeout = map.TakeDuration("token_timeout", _timeoutMin, _timeoutMax) ?? defaults.TokenTimeout,
        };
        engine = kind == EngineKind.External ? ReadExternal(map, engine, environment) : ReadStarted(map, engine, modelId);
        map.Close();
        return engine;
    }

    private static EngineSpec ReadStarted(MapReader map, EngineSpec engine, string modelId)
    {
        var kind = engine.Kind.ToName();
        var isCommand = engine.Kind == EngineKind.Command;
        map.Refuse("url", $"has no meaning for the kind {kind}: only an external engine has one");
        engine = engine with { Env = ReadEnv(map, isCommand), Args = map.TakeTexts("args", "args: [\"--max-model-len\", \"32768\"]") };
        if (isCommand)
        {
            return ReadCommand(map, engine, modelId);
        }
        EngineRules.CheckArguments(map, engine.Args);
        map.Refuse("api_key_env", $"has no meaning for the kind {kind}: Podvirt makes the engine's key and hands it over");
        map.Refuse("command", $"has no meaning for the kind {kind}: Podvirt makes the command line");
        map.Refuse("ready", $"has no meaning for the kind {kind}: its health check is known");
        var weights = engine.Kind == EngineKind.Simulated
            ? map.TakeText("model") ?? modelId
            : map.TakeRequiredText("model", "name the weights: a hub id such as Qwen/Qwen3-8B, or a path");
        return engine with { Model = weights };
    }

    private static EngineSpec ReadCommand(MapReader map, EngineSpec engine, string modelId)
    {
        var command = map.TakeTexts("command", "command: [\"my-server\", \"--port\", \"{port}\"]");
        if (command.Count == 0)
        {
            map.Error("command", "is missing or empty", "write the command line as a list, with {port} where the port belongs");
        }
        else if (!command.Concat(engine.Args).Any(part => part.Contains("{port}", StringComparison.Ordinal)))
        {
            map.Error("command", "never says {port}", "put {port} where the engine takes the port that it must listen on");
        }
        EngineRules.CheckPlaceholders(map, "command", command);
        EngineRules.CheckPlaceholders(map, "args", engine.Args);
        var ready = map.TakeText("ready") ?? engine.ReadyPath;
        if (!ready.StartsWith('/'))
        {
            map.Error("ready", $"'{ready}' is not a path", "start it with a slash, such as /health");
        }
        return engine with
        {
            Command = command,
            ReadyPath = ready,
            Model = map.TakeText("model") ?? modelId,
            ApiKeyEnv = ReadVariableName(map, "write the name of the variable in which the server expects its key, such as LLAMA_API_KEY, never a key itself"),
        };
    }

    private static EngineSpec ReadExternal(MapReader map, EngineSpec engine, Func<string, string?> environment)
    {
        foreach (var key in (string[])["model", "args", "env", "command", "ready", "start_timeout"])
        {
            map.Refuse(key, "has no meaning for an external engine, which Podvirt does not start");
        }
        var text = map.TakeRequiredText("url", "write the base address of the running server, such as http://10.0.0.5:8000");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Query.Length > 0 || url.UserInfo.Length > 0)
        {
            if (text.Length > 0)
            {
                map.Error("url", $"'{text}' is not the address of a server", "write its base address, such as http://10.0.0.5:8000");
            }
            url = null;
        }
        else if (url.AbsolutePath.TrimEnd('/').EndsWith("/v1", StringComparison.Ordinal))
        {
            map.Error("url", $"'{text}' already names the API's version", "leave /v1 out: paths such as /v1/chat/completions are added to it");
        }
        return engine with { Url = url, ApiKeyEnv = ReadApiKeyEnv(map, environment) };
    }

    private static string? ReadServedAs(MapReader map)
    {
        var name = map.TakeText("served_as");
        if (name is { Length: 0 })
        {
            map.Error("served_as", "is empty", "write the name that the engine knows, or remove the key");
        }
        return name;
    }

    /// <summary>The name stays in the catalog; the value is read where it is used, and never shown.</summary>
    private static string? ReadApiKeyEnv(MapReader map, Func<string, string?> environment)
    {
        var name = ReadVariableName(map, "write the variable's name, such as HOUSE_KEY, never the key itself");
        if (name is null || !IsVariableName(name))
        {
            return name;
        }
        if (EngineKey.Read(environment(name)) is var key && key.Length == 0)
        {
            map.Error("api_key_env", $"the environment variable {name} is not set", $"set {name} before Podvirt starts");
        }
        else if (!EngineKey.IsUsable(key))
        {
            map.Error("api_key_env", $"the environment variable {name} holds a line break, a blank or another character that no key has", $"set {name} to the key alone");
        }
        return name;
    }

    private static string? ReadVariableName(MapReader map, string remedy)
    {
        var name = map.TakeText("api_key_env");
        if (name is not null && !IsVariableName(name))
        {
            map.Error("api_key_env", "does not look like the name of an environment variable", remedy);
        }
        return name;
    }

    private static SortedDictionary<string, string> ReadEnv(MapReader map, bool isCommand)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (map.TakeMap("env", "env: { HF_HOME: /models }") is not { } env)
        {
            return variables;
        }
        foreach (var name in env.Keys())
        {
            var value = env.TakeText(name);
            if (!IsVariableName(name))
            {
                env.Error(name, "is not the name of an environment variable", "use letters, digits and underscores");
            }
            else if (value is not null)
            {
                EngineRules.CheckVariable(env, name, isCommand);
                variables[name] = value;
            }
        }
        return variables;
    }

    private static bool IsVariableName(string name) =>
        name.Length is > 0 and <= 128 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
