
model database: postgres
model schema: public_res
model name: resource
model resource_type: model
model package_name: shop
model path: resource.sql
model original_file_path: models/resource.sql
model unique_id: model.shop.resource
model fqn: ['shop', 'resource']
model alias: resource
model checksum: {'name': 'sha256', 'checksum': 'fa8d9f5857d8927e9927a14f9203c61a8a5f36bed5a3e3a603d6e1a91f0d2a85'}
model config: {'enabled': True, 'tags': [], 'meta': {'owner': 'me'}, 'materialized': 'table', 'lookback': 1, 'persist_docs': {}, 'post-hook': [], 'pre-hook': [], 'quoting': {}, 'column_types': {}, 'on_schema_change': 'ignore', 'on_configuration_change': 'apply', 'grants': {'select': ['a']}, 'packages': [], 'docs': {'show': True}, 'contract': {'enforced': False, 'alias_types': True}, 'access': 'protected'}
model tags: []
model description: A model
model columns: {'c': {'name': 'c', 'description': 'A column', 'meta': {}, 'data_type': 'TEXT', 'constraints': [], 'config': {'meta': {}, 'tags': []}, 'tags': [], 'doc_blocks': []}}
model meta: {'owner': 'me'}
model docs: {'show': True}
model patch_path: shop://models/models.yml
model unrendered_config: {'meta': {'owner': 'me'}, 'materialized': 'table', 'unique_key': None, 'grants': {'select': ['a']}}
model relation_name: "postgres"."public_res"."resource"
model doc_blocks: []
model language: sql
model refs: []
model sources: []
model metrics: []
model functions: []
model depends_on: {'macros': [], 'nodes': []}
model contract: {'enforced': False, 'alias_types': True}
model access: protected
model constraints: []
model primary_key: []
graph database: postgres
graph schema: public_res
graph name: resource
graph resource_type: model
graph package_name: shop
graph path: resource.sql
graph original_file_path: models/resource.sql
graph unique_id: model.shop.resource
graph fqn: ['shop', 'resource']
graph alias: resource
graph checksum: {'name': 'sha256', 'checksum': 'fa8d9f5857d8927e9927a14f9203c61a8a5f36bed5a3e3a603d6e1a91f0d2a85'}
graph config: {'enabled': True, 'alias': None, 'schema': None, 'database': None, 'tags': [], 'meta': {'owner': 'me'}, 'group': None, 'static_analysis': None, 'materialized': 'table', 'incremental_strategy': None, 'batch_size': None, 'lookback': 1, 'begin': None, 'persist_docs': {}, 'post-hook': [], 'pre-hook': [], 'quoting': {}, 'column_types': {}, 'full_refresh': None, 'unique_key': None, 'on_schema_change': 'ignore', 'on_configuration_change': 'apply', 'grants': {'select': ['a']}, 'packages': [], 'docs': {'show': True, 'node_color': None}, 'contract': {'enforced': False, 'alias_types': True}, 'event_time': None, 'concurrent_batches': None, 'access': 'protected', 'freshness': None}
graph tags: []
graph description: A model
graph columns: {'c': {'name': 'c', 'description': 'A column', 'meta': {}, 'data_type': 'string', 'constraints': [], 'quote': None, 'config': {'meta': {}, 'tags': []}, 'tags': [], 'granularity': None, 'doc_blocks': []}}
graph meta: {'owner': 'me'}
graph group: None
graph docs: {'show': True, 'node_color': None}
graph patch_path: shop://models/models.yml
graph build_path: None
graph unrendered_config: {'meta': {'owner': 'me'}, 'materialized': 'table', 'unique_key': None, 'grants': {'select': ['a']}}
graph relation_name: "postgres"."public_res"."resource"
graph doc_blocks: []
graph language: sql
graph refs: []
graph sources: []
graph metrics: []
graph functions: []
graph depends_on: {'macros': [], 'nodes': []}
graph contract: {'enforced': False, 'alias_types': True, 'checksum': None}
graph access: protected
graph constraints: []
graph version: None
graph latest_version: None
graph deprecation_date: None
graph primary_key: []
graph time_spine: None
source database: postgres
source schema: rawschema
source name: orders
source resource_type: source
source package_name: shop
source path: models/models.yml
source original_file_path: models/models.yml
source unique_id: source.shop.raw.orders
source fqn: ['shop', 'raw', 'orders']
source source_name: raw
source source_description: 
source loader: 
source identifier: ORDERS
source quoting: {'database': None, 'schema': None, 'identifier': None, 'column': None}
source loaded_at_field: None
source loaded_at_query: None
source freshness: {'warn_after': {'count': None, 'period': None}, 'error_after': {'count': None, 'period': None}, 'filter': None}
source external: None
source description: What was bought
source columns: {}
source meta: {}
source source_meta: {}
source tags: []
source config: {'enabled': True, 'event_time': None, 'freshness': {'warn_after': {'count': None, 'period': None}, 'error_after': {'count': None, 'period': None}, 'filter': None}, 'loaded_at_field': None, 'loaded_at_query': None, 'meta': {}, 'tags': [], 'static_analysis': None}
source patch_path: None
source unrendered_config: {'loaded_at_field': None, 'loaded_at_query': None, 'meta': {}, 'tags': []}
source relation_name: "postgres"."rawschema"."ORDERS"
source unrendered_database: None
source unrendered_schema: rawschema
source doc_blocks: []
['base', 'functions', 'macros', 'middle', 'modules', 'pkg_eph', 'pkg_model', 'relations', 'resource', 'settings', 'with_comment', 'with_recursive', 'without_with']
2 ['exposures', 'functions', 'groups', 'metrics', 'nodes', 'sources', 'semantic_models', 'saved_queries']