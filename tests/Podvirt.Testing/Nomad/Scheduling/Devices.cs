using System.Globalization;
using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>Device requests: all instances of one claim come from one group of vendor, type and name, and no two allocations share one.</summary>
internal static class Devices
{
    /// <summary>Some group has enough instances, were nothing taken. A mix of groups never counts together.</summary>
    public static bool CouldEver(NodeRecord node, JsonObject request) => node.Node.Gpus.Any(g => Matches(g, request) && g.Ids.Count >= Wanted(request));

    public static DeviceOffer? Offer(NodeRecord node, JsonObject request, IReadOnlySet<string> claimed)
    {
        var wanted = Wanted(request);
        foreach (var group in node.Node.Gpus.Where(g => Matches(g, request)))
        {
            var free = group.Ids.Where(i => !claimed.Contains(i)).Take(wanted).ToArray();
            if (free.Length == wanted)
            {
                return new DeviceOffer(group.Vendor, group.Type, group.Name, free);
            }
        }
        return null;
    }

    private static int Wanted(JsonObject request) => (int)Json.Number(request["Count"], 1);

    private static bool Matches(NomadDoubleGpus group, JsonObject request)
    {
        var name = Json.Text(request["Name"]).Split('/', 3);
        var named = name.Length switch
        {
            1 => name[0] == group.Type,
            2 => name[0] == group.Vendor && name[1] == group.Type,
            _ => name[0] == group.Vendor && name[1] == group.Type && name[2] == group.Name,
        };
        return named && Json.Items(request["Constraints"]).All(c => Holds(group, c));
    }

    private static bool Holds(NomadDoubleGpus group, JsonObject constraint)
    {
        var operand = Json.Text(constraint["Operand"]);
        var wanted = Json.Text(constraint["RTarget"]);
        switch (Json.Text(constraint["LTarget"]))
        {
            case "${device.attr.memory}":
                return Mebibytes(wanted) is { } bound && Constraints.Compare(decimal.Compare(group.MemoryMiB, bound), operand);
            case "${device.model}":
                return Constraints.Holds(group.Name, operand, wanted);
            case "${device.vendor}":
                return Constraints.Holds(group.Vendor, operand, wanted);
            case "${device.type}":
                return Constraints.Holds(group.Type, operand, wanted);
            case "${device.ids}":
                return Constraints.Holds(string.Join(',', group.Ids), operand, wanted);
            default:
                return operand == "is_not_set";
        }
    }

    /// <summary>A number with one of Nomad's units of bytes.</summary>
    private static decimal? Mebibytes(string text)
    {
        var digits = text.TakeWhile(static c => char.IsAsciiDigit(c) || c == '.').Count();
        if (!decimal.TryParse(text[..digits], NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }
        decimal? unit = text[digits..].Trim() switch
        {
            "B" => 1m / (1 << 20),
            "KiB" => 1m / 1024,
            "MiB" => 1,
            "GiB" => 1024,
            "TiB" => 1024 * 1024,
            "kB" => 1000m / (1 << 20),
            "MB" => 1_000_000m / (1 << 20),
            "GB" => 1_000_000_000m / (1 << 20),
            _ => null,
        };
        return number * unit;
    }
}
