using Podvirt.Configuration;
using Podvirt.Metering.Invoices;

namespace Podvirt.Tests.Configuration;

public sealed class BillingReaderTests
{
    private const string Models = """
        gpus: { simulated: { count: 1, type: H100, memory: 80GiB } }
        models:
          - { id: big, type: chat, engine: { kind: simulated }, gpu: { memory: 20GiB } }

        """;

    [Fact]
    public void SellerAndCustomers_AreRead()
    {
        var billing = Read("""
            billing:
              seller: { name: Seller Ltd, address: ["1 Street", Town] }
              customers:
                - { project: default, name: Customer }
            """);

        Assert.Equal(("Seller Ltd", "1 Street|Town"), (billing.Seller.Name, string.Join('|', billing.Seller.Address)));
        Assert.Equal("Customer", billing.CustomerOf("default").Name);
        Assert.Same(InvoiceParty.Nobody, billing.CustomerOf("other"));
    }

    [Fact]
    public void NothingSaid_IsNobody() => Assert.Same(InvoiceParty.Nobody, Read("").Seller);

    [Fact]
    public void EverythingWrong_IsReportedAtOnce()
    {
        var error = Assert.Throws<PodvirtConfigException>(() => Read($$"""
            billing:
              seller: { address: [{{new string('x', 201)}}] }
              tax: 19
              customers:
                - { name: A }
                - { project: p, name: A }
                - { project: p, name: B }
            """));

        Assert.Equal(
            ["billing.seller.name", "billing.seller.address", "billing.tax", "billing.customers[0].project", "billing.customers[2].project"],
            error.Errors.Select(e => e.Key));
    }

    private static BillingParties Read(string billing) => ConfigReader.Read(Models + billing, "podvirt.yaml", _ => null).Billing;
}
