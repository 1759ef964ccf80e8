using System.Globalization;
using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Videos;

/// <summary>The fields of a video's form, and what each may be. An empty one counts as absent.</summary>
internal sealed class VideoFields(IReadOnlyDictionary<string, string> fields)
{
    private static readonly string[] _wholes =
        ["width", "height", "num_frames", "fps", "num_inference_steps", "seed", "frame_interpolation_exp"];

    private static readonly string[] _numbers =
    [
        "guidance_scale", "guidance_scale_2", "boundary_ratio", "flow_shift", "true_cfg_scale", "sound_duration", "frame_interpolation_scale",
    ];

    private static readonly string[] _flags = ["generate_sound", "enable_frame_interpolation"];

    private static readonly string[] _flagWords = ["0", "1", "true", "false", "on", "off", "yes", "no", "t", "f", "y", "n"];

    private static readonly (string Name, double Min, double Max)[] _ranges =
    [
        ("width", 1, double.MaxValue), ("height", 1, double.MaxValue), ("num_frames", 1, double.MaxValue), ("fps", 1, double.MaxValue),
        ("num_inference_steps", 1, 200), ("frame_interpolation_exp", 1, double.MaxValue), ("guidance_scale", 0, 20),
        ("guidance_scale_2", 0, 20), ("true_cfg_scale", 0, 20), ("boundary_ratio", 0, 1), ("sound_duration", double.Epsilon, double.MaxValue),
        ("frame_interpolation_scale", double.Epsilon, double.MaxValue),
    ];

    public string? Text(string name) => fields.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    public long? Whole(string name) =>
        Text(name) is { } text && long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <exception cref="RequestException">With all that is wrong, in the engine's words.</exception>
    public void Check()
    {
        var problems = Shapes().ToList();
        if (problems.Count > 0)
        {
            throw RequestException.Malformed($"{problems.Count} validation error{(problems.Count == 1 ? "" : "s")}:\n  {string.Join("\n  ", problems)}");
        }

        foreach (var (name, min, max) in _ranges)
        {
            if (Number(name) is { } number && (number < min || number > max))
            {
                throw RequestException.Bad(
                    $"1 validation error for VideoGenerationRequest\n{name}\n  Input should be {Bound(number < min, min, max)} [input_value={Text(name)}]", name);
            }
        }

        foreach (var name in new[] { "lora", "extra_params" })
        {
            Object(name);
        }
    }

    /// <summary>A field that is JSON.</summary>
    /// <exception cref="RequestException">It is no JSON, or no object.</exception>
    public JsonElement? Object(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw RequestException.Http(StatusCodes.Status400BadRequest, "Invalid JSON in form field: expected dict.");
        }
        catch (JsonException)
        {
            throw RequestException.Http(StatusCodes.Status400BadRequest, "Invalid JSON in form field.");
        }
    }

    private IEnumerable<string> Shapes()
    {
        if (Text("prompt") is null)
        {
            yield return "{'type': 'missing', 'loc': ('body', 'prompt'), 'msg': 'Field required', 'input': None}";
        }

        if (Text("seconds") is { } seconds && !IsSeconds(seconds))
        {
            yield return Problem("string_pattern_mismatch", "seconds", """String should match pattern '^[1-9]\d*$'""");
        }

        if (Text("size") is { } size && !IsSize(size))
        {
            yield return Problem("string_pattern_mismatch", "size", """String should match pattern '^\d+x\d+$'""");
        }

        foreach (var name in _wholes.Where(name => Text(name) is not null && Whole(name) is null))
        {
            yield return Problem("int_parsing", name, "Input should be a valid integer, unable to parse string as an integer");
        }

        foreach (var name in _numbers.Where(name => Text(name) is not null && Number(name) is null))
        {
            yield return Problem("float_parsing", name, "Input should be a valid number, unable to parse string as a number");
        }

        foreach (var name in _flags.Where(name => Text(name) is { } text && !_flagWords.Contains(text.ToLowerInvariant())))
        {
            yield return Problem("bool_parsing", name, "Input should be a valid boolean, unable to interpret input");
        }
    }

    private double? Number(string name) =>
        Text(name) is { } text && double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private string Problem(string type, string name, string message) =>
        new StringBuilder("{'type': '").Append(type).Append("', 'loc': ('body', '").Append(name).Append("'), 'msg': \"").Append(message)
            .Append("\", 'input': '").Append(Text(name)).Append("'}").ToString();

    private static string Bound(bool tooSmall, double min, double max) => (tooSmall, min) switch
    {
        (true, double.Epsilon) => "greater than 0",
        (true, _) => string.Create(CultureInfo.InvariantCulture, $"greater than or equal to {min}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"less than or equal to {max}"),
    };

    private static bool IsSeconds(string text) => text[0] != '0' && text.All(char.IsAsciiDigit);

    private static bool IsSize(string text) => text.Split('x') is [{ Length: > 0 } width, { Length: > 0 } height] && (width + height).All(char.IsAsciiDigit);
}
