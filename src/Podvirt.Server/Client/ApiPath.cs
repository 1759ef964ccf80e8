namespace Podvirt.Server.Client;

internal static class ApiPath
{
    /// <summary>An id as a part of an address; its slashes stay.</summary>
    public static string Of(string id) => string.Join('/', id.Split('/').Select(Uri.EscapeDataString));
}
