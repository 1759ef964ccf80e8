# Podvirt's node agent: on every gpu machine, it tells the scheduler what the gpus and the host's memory hold.
# A bare process, because it asks the driver's own `nvidia-smi` and reads of other processes what they hold.
#
# Before the first run, one Nomad variable holds what it must know and nobody else may (see `nomad var put`):
#   nomad/jobs/podvirt-node   nats_url, of a user that may publish reports and no more

variable "archive" {
  type        = string
  description = "Address of a .tar.gz of what `./build.sh publish` made: the program and the files beside it, without a folder around them."
}

variable "checksum" {
  type        = string
  description = "Of the archive, as sha256:<hex>. An archive that differs is not started."
}

variable "datacenters" {
  type        = list(string)
  default     = ["*"]
  description = "Where agents may run."
}

variable "node_pool" {
  type        = string
  default     = "default"
  description = "Pool of the machines that agents may run on."
}

variable "private_network" {
  type        = string
  default     = "default"
  description = "Name of the agents' host_network for /readyz and /metrics, which clients do not reach."
}

variable "cpu" {
  type        = number
  default     = 200
  description = "MHz of each agent."
}

variable "memory" {
  type        = number
  default     = 256
  description = "MiB of each agent."
}

job "podvirt-node" {
  type        = "system"
  datacenters = var.datacenters
  node_pool   = var.node_pool

  update {
    max_parallel     = 1
    min_healthy_time = "5s"
    healthy_deadline = "2m"
  }

  group "node" {
    restart {
      attempts = 10
      interval = "5m"
      delay    = "2s"
      mode     = "delay"
    }

    ephemeral_disk {
      size = 200
    }

    network {
      mode = "host"

      port "http" {
        host_network = var.private_network
      }
    }

    service {
      name     = "podvirt-node"
      port     = "http"
      provider = "nomad"

      check {
        name     = "ready"
        type     = "http"
        path     = "/readyz"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "node" {
      driver       = "raw_exec"
      kill_signal  = "SIGTERM"
      kill_timeout = "10s"

      config {
        command = "local/podvirt/podvirt"
        args    = ["serve", "--roles", "node"]
      }

      artifact {
        source      = var.archive
        destination = "local/podvirt"

        options {
          checksum = var.checksum
        }
      }

      # The scheduler knows the machine by Nomad's id.
      env {
        PODVIRT_NODE_ID   = "${node.unique.id}"
        PODVIRT_NODE_NAME = "${node.unique.name}"
        PODVIRT_LISTEN    = "http://${NOMAD_ADDR_http}"
        PODVIRT_DATA      = "${NOMAD_ALLOC_DIR}/data"
      }

      template {
        destination = "secrets/podvirt.env"
        env         = true
        perms       = "0400"
        change_mode = "restart"
        splay       = "60s"
        data        = <<EOT
{{ with nomadVar "nomad/jobs/podvirt-node" }}
PODVIRT_NATS_URL={{ .nats_url.Value | toJSON }}
{{ end }}
EOT
      }

      logs {
        max_files     = 2
        max_file_size = 10
      }

      resources {
        cpu    = var.cpu
        memory = var.memory
      }
    }
  }
}
