using System.Text.Json;

namespace Podvirt.LoadTest;

/// <summary>How the processes of one run talk: one JSON object a line.</summary>
internal static class ControlJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = false };
}
